"""A MaxBotix HRXL-MaxSonar-WR over a river: what its serial output says, byte for byte and at which instant.

Timing and limits: data sheet PD11500, MB7360 and MB7380 (7.5 Hz, 5 m): power-up, range cycle, serial data sent.
"""

from collections.abc import Callable

__all__ = ["MaxbotixHrxl"]

POWER_UP_MS = 50
RANGE_CYCLE_MS = 133
SERIAL_DATA_SENT_MS = 123 + 8  # the last byte's end after the start of the range cycle
BANNER_MS = 70  # six lines at 9600 Bd
MINIMUM_MM = 300
MAXIMUM_MM = 5000
NO_TARGET_MM = MAXIMUM_MM
WARM_UP_CYCLES = 1  # the first range cycle after power-up finds nothing: its filter is empty
STRAY_BYTE_EVERY_CYCLES = 11  # a 0xFF before the frame, as line drivers make them
BANNER = (
    b"HRXL-MaxSonar-WR\rPN:MB7360\rCopyright 2011-2012\rMaxBotix Inc.\rRoHS 1.8b077  0712\rTempI\r"
)


class MaxbotixHrxl:
    """Free-running ranges while powered; `stage_m_at(unix_ms)` is the river, None where it is not known."""

    baud = 9600

    def __init__(self, mounting_height_m: float, stage_m_at: Callable[[int], float | None]) -> None:
        self._mounting_height_m = mounting_height_m
        self._stage_m_at = stage_m_at
        self._powered_at_ms: int | None = None

    def set_power(self, on: bool, at_ms: int) -> None:
        if not on:
            self._powered_at_ms = None
        elif self._powered_at_ms is None:
            self._powered_at_ms = at_ms

    def next_output_ms(self, after_ms: int) -> int | None:
        """Return when the next output is complete, later than `after_ms`; None without power."""
        if self._powered_at_ms is None:
            return None
        banner_ms = self._powered_at_ms + POWER_UP_MS + BANNER_MS
        if after_ms < banner_ms:
            return banner_ms
        cycles = max(0, (after_ms - banner_ms - SERIAL_DATA_SENT_MS) // RANGE_CYCLE_MS + 1)
        return banner_ms + cycles * RANGE_CYCLE_MS + SERIAL_DATA_SENT_MS

    def output(self, at_ms: int) -> bytes:
        """Return the bytes that are complete at an instant that `next_output_ms` gave."""
        if self._powered_at_ms is None:
            raise ValueError("a sensor without power has no output")
        since_banner_ms = at_ms - self._powered_at_ms - POWER_UP_MS - BANNER_MS
        if since_banner_ms == 0:
            return BANNER
        cycle = (since_banner_ms - SERIAL_DATA_SENT_MS) // RANGE_CYCLE_MS
        range_mm = NO_TARGET_MM if cycle < WARM_UP_CYCLES else self._range_mm(at_ms)
        stray = b"\xff" if cycle % STRAY_BYTE_EVERY_CYCLES == STRAY_BYTE_EVERY_CYCLES - 1 else b""
        return stray + b"R%04d\r" % range_mm

    def _range_mm(self, at_ms: int) -> int:
        stage_m = self._stage_m_at(at_ms)
        if stage_m is None:
            return NO_TARGET_MM
        range_mm = round((self._mounting_height_m - stage_m) * 1000)
        return min(max(range_mm, MINIMUM_MM), MAXIMUM_MM)
