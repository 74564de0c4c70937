# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Keller series 30 and 40 pressure sensors: Modbus at 9600 8N1 (Keller, communication protocol class 5.20).

Pressure is float32 in bar: NaN where a channel is inactive, infinite above or below its range. Older firmware gives at
most four registers at once. An absolute sensor needs the air pressure taken off, which its second channel can measure
(`barometer` "p2"); a vented one has done so itself ("vented").
"""

import math
import struct

from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SENSOR_ERROR, SUSPECT, TOO_FEW_VALID
from protocol.variables import COUNT, MEDIAN, code_of

from .polled import PolledSensor
from .statistics import median, statistic

P1_AND_TEMPERATURE = 0x0100
P2 = 0x0104
VENTED = "vented"
BAROMETER_P2 = "p2"

GRAVITY_M_S2 = 9.80665
PASCALS_PER_BAR = 100_000
ASSUMED_TEMPERATURE_C = (
    10  # of the water, where the sensor does not tell it: from 0 to 20 C within 2 parts in 1000 of depth
)


class PressureSensor(PolledSensor):
    """The values: statistics of stage, temperature, pressure, air pressure where measured, number of valid readings."""

    def channels(self):
        sensor_no = self._settings.sensor_no
        statistics = self._settings.statistics
        channels = [(sensor_no, code_of("stage_m"), code, -3, 0) for code in statistics if code != COUNT]
        channels.append((sensor_no, code_of("water_temperature_c"), MEDIAN, -2, 0))
        channels.append((sensor_no, code_of("water_pressure_hpa"), MEDIAN, -2, 0))
        if self._settings.barometer == BAROMETER_P2:
            channels.append((sensor_no, code_of("air_pressure_hpa"), MEDIAN, -2, 0))
        if COUNT in statistics:
            channels.append((sensor_no, code_of("water_pressure_hpa"), COUNT, 0, 0))
        return channels

    def read(self, slave):
        """Return (pressure in bar, temperature in C, air pressure in bar, nought for a vented sensor)."""
        pressure_bar, temperature_c = struct.unpack(">ff", slave.read_registers(P1_AND_TEMPERATURE, 4))
        air_bar = 0.0
        if self._settings.barometer == BAROMETER_P2:
            (air_bar,) = struct.unpack(">f", slave.read_registers(P2, 2))
        return pressure_bar, temperature_c, air_bar

    def values(self, readings, reason):
        silence = SENSOR_ERROR if reason in ("broken", "refused") else NO_READING
        # One hundredth of a hectopascal is a pascal.
        pressure = _median_of([reading[0] for reading in readings], PASCALS_PER_BAR, silence)
        temperature = _median_of([reading[1] for reading in readings], 100, silence)
        air = _median_of([reading[2] for reading in readings], PASCALS_PER_BAR, silence)
        count = sum(math.isfinite(reading[0]) for reading in readings)
        stage = self._stage(pressure, temperature, air, count)
        values = [self._stage_statistic(code, stage, readings) for code in self._settings.statistics if code != COUNT]
        values += [temperature, pressure]
        if self._settings.barometer == BAROMETER_P2:
            values.append(air)
        return values + ([(count, GOOD)] if COUNT in self._settings.statistics else [])

    def _stage(self, pressure, temperature, air, count):
        for value, code in (pressure, air):
            if value is None:
                return (None, code)
        quality = GOOD
        temperature_c = ASSUMED_TEMPERATURE_C
        if temperature[0] is not None:
            temperature_c = temperature[0] / 100
        else:
            quality = SUSPECT
        if 2 * count <= self._settings.burst:
            quality = SUSPECT
        return (self._stage_mm(pressure[0] - air[0], temperature_c), quality)

    def _stage_statistic(self, code, stage, readings):
        """Return a statistic of the stages of single readings; the median is that of pressure, made into a stage."""
        if code == MEDIAN or stage[0] is None:
            return stage
        stages_mm = []
        for pressure_bar, temperature_c, air_bar in readings:
            if math.isfinite(pressure_bar) and math.isfinite(air_bar):
                at_c = temperature_c if math.isfinite(temperature_c) else ASSUMED_TEMPERATURE_C
                stages_mm.append(self._stage_mm((pressure_bar - air_bar) * PASCALS_PER_BAR, at_c))
        value = statistic(code, sorted(stages_mm))
        return (None, TOO_FEW_VALID) if value is None else (value, stage[1])

    def _stage_mm(self, pressure_pa, temperature_c):
        return self._settings.stage_at_zero_mm + round(1000 * depth_m(pressure_pa, temperature_c))


def depth_m(pressure_pa, temperature_c):
    """Return the depth in m of fresh water of this temperature that has this pressure over air."""
    return pressure_pa / (density_kg_m3(temperature_c) * GRAVITY_M_S2)


def density_kg_m3(temperature_c):
    """Return the density of air-free fresh water (polynomial of fourth degree, 0 to 40 C)."""
    t = temperature_c
    return 999.84847 + t * (6.337563e-2 + t * (-8.523829e-3 + t * (6.943248e-5 + t * -3.821216e-7)))


def _median_of(numbers, scale, silence):
    """Return (median times `scale`, GOOD), or (None, reason) where no number is finite."""
    finite = sorted(round(number * scale) for number in numbers if math.isfinite(number))
    if finite:
        return (median(finite), GOOD)
    if not numbers:
        return (None, silence)
    return (None, OUT_OF_RANGE if any(math.isinf(number) for number in numbers) else SENSOR_ERROR)


def open_sensors(all_settings):
    return [PressureSensor(settings) for settings in all_settings]
