"""mosquitto.conf: settings with which a session that is away loses nothing, and with which nobody is anonymous."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["KEEPING", "Listener", "mosquitto_settings"]

# With Mosquitto's own defaults 5,000 messages acknowledged while the gateway was away left 1,000 to be delivered.
KEEPING = (
    ("persistence", "true"),
    ("autosave_interval", "60"),
    ("max_inflight_messages", "1000"),  # no less than the gateway's Receive Maximum
    ("max_queued_messages", "0"),  # no limit by number ...
    ("max_queued_bytes", "1073741824"),  # ... but by size: days of a basin's records for one gateway that is away
    ("persistent_client_expiration", "14d"),  # as long as the gateway asks its session to be kept
    ("max_packet_size", "131072"),
    # Else a receipt behind an acknowledgement waits 40 ms for a delayed TCP acknowledgement.
    ("set_tcp_nodelay", "true"),
)


@dataclass(frozen=True)
class Listener:
    """Where clients come in. With TLS they prove who they are by certificate, without they are anonymous stations."""

    port: int
    is_tls: bool
    address: str = ""  # every address of the machine


def mosquitto_settings(listeners: Sequence[Listener], folder: str, state_folder: str) -> str:
    """Return the text of mosquitto.conf; both folders are as the broker sees them."""
    lines = ["# Made by `rivergauge broker config`; see `man mosquitto.conf` for each setting.", ""]
    lines += [f"{name} {value}" for name, value in KEEPING]
    is_anonymous_somewhere = not all(listener.is_tls for listener in listeners)
    lines += [
        f"persistence_location {state_folder.rstrip('/')}/",
        "log_dest stderr",
        "",
        # One set of rules for all listeners: with per_listener_settings Mosquitto 2.0 denies a client that is away
        # what should be queued for it.
        f"allow_anonymous {str(is_anonymous_somewhere).lower()}",
        f"acl_file {folder}/acl",
    ]
    for listener in listeners:
        lines += ["", f"listener {listener.port} {listener.address}".rstrip()]
        if listener.is_tls:
            lines += [
                f"cafile {folder}/ca.crt",
                f"certfile {folder}/server.crt",
                f"keyfile {folder}/server.key",
                "tls_version tlsv1.2",  # the least
                "require_certificate true",
                "use_identity_as_username true",
                # Else a station could take over the session of another, or the gateway's, by calling itself so.
                "use_username_as_clientid true",
            ]
    return "\n".join(lines) + "\n"
