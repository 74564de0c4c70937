# Shared dialect: runs on the microcontroller ports of MicroPython.
"""The chip's clock: monotonic time for the station, and UTC, by which TLS judges the dates of certificates."""

import struct
import time

import machine

EPOCH_2000_S = 946_684_800  # from 1970: some ports count from 2000
_KEPT = "<qq"
KEPT_BYTES = struct.calcsize(_KEPT)


class SystemClock:
    """The system clock starts with the power and runs through sleep; `set_utc_ms` steps it, and takes the step off
    again for monotonic time. `kept` is what `pack` gave before the sleep, empty after power was lost.
    """

    def __init__(self, kept: bytes = b"") -> None:
        self._utc_ahead_ms = 0  # of monotonic time; 0 while UTC is not known
        self._stepped_ms = 0  # by how much the system clock was put forward since power came on
        if len(kept) >= KEPT_BYTES:
            self._utc_ahead_ms, self._stepped_ms = struct.unpack(_KEPT, kept[:KEPT_BYTES])

    def pack(self) -> bytes:
        return struct.pack(_KEPT, self._utc_ahead_ms, self._stepped_ms)

    def monotonic_ms(self) -> int:
        return time.time_ns() // 1_000_000 - self._stepped_ms

    def utc_ms(self):
        """Return Unix time in ms, or None while it is not known."""
        return self.monotonic_ms() + self._utc_ahead_ms if self._utc_ahead_ms else None

    def set_utc_ms(self, utc_ms: int) -> None:
        self._utc_ahead_ms = utc_ms - self.monotonic_ms()
        epoch_s = EPOCH_2000_S if time.gmtime(0)[0] == 2000 else 0
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(utc_ms // 1000 - epoch_s)
        before_ns = time.time_ns()
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
        self._stepped_ms += (time.time_ns() - before_ns) // 1_000_000
