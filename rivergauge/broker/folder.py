"""The folder that a broker is run from: settings, access rules and certificates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rivergauge.basin import Basin

from .access import FLAG_READER, access_rules, gateway_user, station_user
from .certificates import Certificates, Name
from .mosquitto import Listener, mosquitto_settings

__all__ = ["BrokerFolder", "write_broker_folder"]


@dataclass(frozen=True)
class BrokerFolder:
    """What is asked for. `installed_as` and `state_folder` are paths as the broker will see them."""

    path: Path
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    listeners: tuple[Listener, ...]
    installed_as: str
    state_folder: str


def write_broker_folder(basin: Basin, folder: BrokerFolder, now: datetime) -> list[str]:
    """Write all of it, keeping the keys and certificates that serve; return the names of certificates newly given."""
    folder.path.mkdir(parents=True, exist_ok=True)
    certificates = Certificates(folder.path, now)
    certificates.keep_authority(f"rivergauge {basin.code}")
    given = [name.common_name for name in _names(basin, folder.hosts, folder.gateways) if certificates.keep(name)]
    has_plain_listener = not all(listener.is_tls for listener in folder.listeners)
    (folder.path / "acl").write_text(access_rules(basin, folder.gateways, has_plain_listener))
    # Mosquitto warns of an access file that others may read.
    (folder.path / "acl").chmod(0o600)
    settings = mosquitto_settings(folder.listeners, folder.installed_as, folder.state_folder)
    (folder.path / "mosquitto.conf").write_text(settings)
    return given


def _names(basin: Basin, hosts: tuple[str, ...], gateways: Sequence[str]) -> list[Name]:
    return [
        Name("server", hosts[0], hosts),
        *(Name(gateway_user(name), gateway_user(name)) for name in gateways),
        Name(FLAG_READER, FLAG_READER),
        *(Name(f"stations/{each.id}", station_user(basin.code, each.id)) for each in basin.stations),
    ]
