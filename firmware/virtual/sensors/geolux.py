"""A Geolux LX-80 radar over a river, on its RS-232 side and on its RS-485 side (LX-80 user manual)."""

from collections.abc import Callable, Mapping

from firmware.virtual.sensors.instrument import Instrument
from firmware.virtual.sensors.modbus_slave import ModbusSlave

__all__ = ["GeoluxModbus", "GeoluxSerial"]

RANGE_MM = 15_000
TEMPERATURE_C = 21
SNR_DB = 34
FIRST_SENTENCE_MS = 2000  # after power; an assumption, like the period
SENTENCE_PERIOD_MS = 1000


class GeoluxSerial(Instrument):
    """Sentences by itself while powered (section 6.1); none without a target, which is what lies out of range."""

    baud = 115_200

    def __init__(self, mounting_height_m: float, stage_m_at: Callable[[int], float | None]) -> None:
        self._mounting_height_m = mounting_height_m
        self._stage_m_at = stage_m_at
        self._first_ms: int | None = None

    def set_power(self, on: bool, at_ms: int) -> None:
        if not on:
            self._first_ms = None
        elif self._first_ms is None:
            self._first_ms = at_ms + FIRST_SENTENCE_MS

    def next_output_ms(self, after_ms: int) -> int | None:
        if self._first_ms is None:
            return None
        periods = max(0, (after_ms - self._first_ms) // SENTENCE_PERIOD_MS + 1)
        return self._first_ms + periods * SENTENCE_PERIOD_MS

    def output(self, at_ms: int) -> bytes:
        distance_mm = distance_mm_of(self._mounting_height_m, self._stage_m_at(at_ms))
        if not distance_mm:
            return b""
        level_mm = round(self._mounting_height_m * 1000) - distance_mm
        distances = f"{distance_mm},{distance_mm},{TEMPERATURE_C},{level_mm},{level_mm},{SNR_DB}"
        return f"$LVX,{distances}\r\n".encode()


class GeoluxModbus(ModbusSlave):
    """Registers of table 7."""

    frame = "8E1"

    def __init__(self, address: int, mounting_height_m: float, stage_m_at: Callable[[int], float | None]) -> None:
        super().__init__(address)
        self._mounting_height_m = mounting_height_m
        self._stage_m_at = stage_m_at

    def registers(self, at_ms: int) -> Mapping[int, int]:
        distance_mm = distance_mm_of(self._mounting_height_m, self._stage_m_at(at_ms))
        return {0x0001: distance_mm, 0x0002: distance_mm, 0x001A: TEMPERATURE_C, 0x001B: SNR_DB}


def distance_mm_of(mounting_height_m: float, stage_m: float | None) -> int:
    """Return the distance to the water, 0 where there is no target in range."""
    distance_mm = 0 if stage_m is None else round((mounting_height_m - stage_m) * 1000)
    return distance_mm if 0 < distance_mm < RANGE_MM else 0
