# Shared dialect: runs on the microcontroller ports of MicroPython.
"""Wi-Fi as `/network.json` says: {"ssid": ..., "password": ...}."""

import json
import time

import network
from station import hal

POLL_MS = 100
SETTINGS = "/network.json"


class Wifi(hal.Network):
    """Joins the network for one exchange and switches the radio off after it."""

    def __init__(self, board) -> None:
        self._board = board
        self._wlan = network.WLAN(network.STA_IF)

    def join(self, deadline_ms: int) -> None:
        """Return when joined, at once where that is done; raise HardwareError."""
        if self._wlan.isconnected():
            return
        try:
            with open(SETTINGS) as file:
                settings = json.load(file)
            ssid, password = settings["ssid"], settings["password"]
        except (OSError, ValueError, KeyError):
            raise hal.HardwareError("no-network-settings")
        self._wlan.active(True)
        self._wlan.connect(ssid, password)
        while not self._wlan.isconnected():
            if self._board.monotonic_ms() >= deadline_ms:
                raise hal.HardwareError("no-network")
            self._board.watchdog.tick()
            time.sleep_ms(POLL_MS)

    def leave(self) -> None:
        """Switch the radio off."""
        self._wlan.active(False)
