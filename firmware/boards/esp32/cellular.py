# Shared dialect: runs on MicroPython for the ESP32.
"""The internet over a cellular modem: AT commands, then PPP by MicroPython's own stack."""

import time

import network
from station import hal
from station.modem import JOIN_MS, Modem

__all__ = ["JOIN_MS", "Cellular"]

POLL_MS = 100


class Cellular(hal.Network):
    def __init__(self, board, settings) -> None:
        self._board = board
        self._modem = Modem(board, settings)
        self._ppp: network.PPP | None = None

    def join(self, deadline_ms: int) -> None:
        if self._ppp is not None and self._ppp.isconnected():
            return
        self.leave()
        port = self._modem.dial(deadline_ms)
        self._ppp = network.PPP(port.stream)
        self._ppp.active(True)
        self._ppp.connect()
        while not self._ppp.isconnected():
            if self._board.monotonic_ms() >= deadline_ms:
                self.leave()
                raise hal.HardwareError("no-ppp")
            self._board.watchdog.tick()
            time.sleep_ms(POLL_MS)

    def leave(self) -> None:
        if self._ppp is not None:
            self._ppp.active(False)
            self._ppp = None
        self._modem.hang_up()
