"""What systemd is told of the service: sd_notify(3), spoken over its socket; silent where no systemd listens."""

import logging
import math
import socket
from collections.abc import Mapping
from time import monotonic_ns

__all__ = ["Notifier"]

log = logging.getLogger(__name__)

SEND_LIMIT_S = 1.0


class Notifier:
    """Speaks to the socket that NOTIFY_SOCKET names in `environment`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # A name in Linux' abstract space is written with @ for its leading zero.
        self._address = "\0" + address[1:] if address.startswith("@") else address

        # How long the watchdog waits; for ever where there is none.
        self.watchdog_s = int(environment["WATCHDOG_USEC"]) / 1e6 if "WATCHDOG_USEC" in environment else math.inf

    def ready(self, status: str) -> None:
        """Say that the start, or a reload, is over."""
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns() // 1000}")

    def alive(self) -> None:
        """Feed the watchdog; to be called only as long as work gets on."""
        self._send("WATCHDOG=1")

    def say(self, status: str) -> None:
        """Have `systemctl status` show a line."""
        self._send(f"STATUS={status}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(SEND_LIMIT_S)
            try:
                sender.sendto(message.encode(), self._address)
            except OSError as error:
                # A supervisor that does not listen is no reason to end the flow of records.
                log.warning("systemd does not take %r: %s", message, error)
