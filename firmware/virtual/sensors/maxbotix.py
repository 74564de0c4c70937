"""A MaxBotix HRXL-MaxSonar-WR over a river: what its serial output says, byte for byte and at which instant.

Timing and limits: data sheet PD11500, power-up timing and the table of range cycles.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmware.virtual.sensors.instrument import Instrument

__all__ = ["HRXL_WR", "HRXL_WRL", "MaxbotixHrxl", "Model"]

POWER_UP_MS = 50
BANNER_BYTE_MS = 1.04  # 10 bits at 9600 Bd
WARM_UP_CYCLES = 1  # the first range cycle after power-up finds nothing: its filter is empty
STRAY_BYTE_EVERY_CYCLES = 11  # a 0xFF before the frame, as line drivers make them


@dataclass(frozen=True)
class Model:
    part_no: str
    minimum_mm: int
    maximum_mm: int  # also said when there is no target
    range_cycle_ms: int
    serial_data_sent_ms: int  # end of the last byte after the start of the range cycle

    @property
    def banner(self) -> bytes:
        lines = (
            "HRXL-MaxSonar-WR",
            f"PN:{self.part_no}",
            "Copyright 2011-2012",
            "MaxBotix Inc.",
            "RoHS 1.8b077",
            "TempI",
        )
        return "".join(line + "\r" for line in lines).encode()


HRXL_WR = Model("MB7360", 300, 5000, range_cycle_ms=133, serial_data_sent_ms=123 + 8)
HRXL_WRL = Model("MB7363", 500, 9999, range_cycle_ms=166, serial_data_sent_ms=158 + 8)


class MaxbotixHrxl(Instrument):
    """Free-running ranges while powered; `stage_m_at(unix_ms)` is the river, None where it is not known."""

    def __init__(self, model: Model, mounting_height_m: float, stage_m_at: Callable[[int], float | None]) -> None:
        self._model = model
        self._mounting_height_m = mounting_height_m
        self._stage_m_at = stage_m_at
        self._powered_at_ms: int | None = None
        self._banner_after_ms = POWER_UP_MS + round(len(model.banner) * BANNER_BYTE_MS)

    def set_power(self, on: bool, at_ms: int) -> None:
        if not on:
            self._powered_at_ms = None
        elif self._powered_at_ms is None:
            self._powered_at_ms = at_ms

    def next_output_ms(self, after_ms: int) -> int | None:
        """Return when the next output is complete, later than `after_ms`; None without power."""
        if self._powered_at_ms is None:
            return None
        banner_ms = self._powered_at_ms + self._banner_after_ms
        if after_ms < banner_ms:
            return banner_ms
        first_frame_ms = banner_ms + self._model.serial_data_sent_ms
        cycles = max(0, (after_ms - first_frame_ms) // self._model.range_cycle_ms + 1)
        return first_frame_ms + cycles * self._model.range_cycle_ms

    def output(self, at_ms: int) -> bytes:
        """Return the bytes that are complete at an instant that `next_output_ms` gave."""
        if self._powered_at_ms is None:
            raise ValueError("a sensor without power has no output")
        since_banner_ms = at_ms - self._powered_at_ms - self._banner_after_ms
        if since_banner_ms == 0:
            return self._model.banner
        cycle = (since_banner_ms - self._model.serial_data_sent_ms) // self._model.range_cycle_ms
        range_mm = self._model.maximum_mm if cycle < WARM_UP_CYCLES else self._range_mm(at_ms)
        stray = b"\xff" if cycle % STRAY_BYTE_EVERY_CYCLES == STRAY_BYTE_EVERY_CYCLES - 1 else b""
        return stray + b"R%04d\r" % range_mm

    def _range_mm(self, at_ms: int) -> int:
        stage_m = self._stage_m_at(at_ms)
        if stage_m is None:
            return self._model.maximum_mm
        range_mm = round((self._mounting_height_m - stage_m) * 1000)
        return min(max(range_mm, self._model.minimum_mm), self._model.maximum_mm)
