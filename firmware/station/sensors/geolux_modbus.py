# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Geolux LX-80 radar on its RS-485 side: Modbus at 9600 8E1 (LX-80 user manual, section 5.2 and table 7)."""

import struct

from .geolux import FULL_SCALE_MM, MINIMUM_MM, WARM_UP_MS
from .polled import PolledSensor
from .ranging import range_channels, range_values

DISTANCE = 0x0001  # mm; 0 without a target
EVEN = 0


class LevelRadar(PolledSensor):
    parity = EVEN
    period_ms = 1000
    warm_up_ms = WARM_UP_MS

    def channels(self):
        return range_channels(self._settings)

    def read(self, slave):
        """Return the distance in mm, None without a target."""
        (distance_mm,) = struct.unpack(">H", slave.read_registers(DISTANCE, 1))
        return distance_mm if 0 < distance_mm < FULL_SCALE_MM else None

    def values(self, readings, reason):
        return range_values(readings, reason not in (None, "silent"), self._settings, MINIMUM_MM)


def open_sensors(all_settings):
    return [LevelRadar(settings) for settings in all_settings]
