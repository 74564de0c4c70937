# Shared dialect: MicroPython's unix port, started by firmware/virtual/rom.
"""The internet over a simulated modem: its AT commands on a serial port, and sockets of the host in the place of PPP.

What is simulated is the dialogue up to data mode; neither PPP nor IP goes over the serial line.
"""

from station import hal
from station.modem import JOIN_MS, Modem

__all__ = ["JOIN_MS", "Cellular"]


class Cellular(hal.Network):
    def __init__(self, board, settings):
        self._modem = Modem(board, settings)
        self._is_up = False

    def join(self, deadline_ms):
        if not self._is_up:
            self._modem.dial(deadline_ms)
            self._is_up = True

    def leave(self):
        self._is_up = False
        self._modem.hang_up()
