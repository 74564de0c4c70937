# Shared dialect: runs on MicroPython, and on CPython.
"""Keller pressure sensors: from pressure, temperature and air pressure to stage."""

import struct

from firmware.station.config import SensorSettings
from firmware.station.sensors.keller import density_kg_m3, depth_m, open_sensors
from firmware.station.sensors.statistics import DEFAULT
from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SENSOR_ERROR, SUSPECT
from protocol.variables import field_name

NAN = float("nan")
INFINITY = float("inf")
BURST = 3
READING = (1.0, 20.0, 0.9)  # bar, C, bar of air
DEPTH_MM = 1022  # of 0.1 bar at 20 C: 10,000 Pa / (998.2008 kg/m3 * 9.80665 m/s2) = 1.02153 m

# name: (readings, reason of a failure, stage, temperature, pressure, count)
BURSTS = {
    "all the same": ([READING] * 3, None, (DEPTH_MM, GOOD), (2000, GOOD), (100_000, GOOD), 3),
    "one astray": ([READING, (2.0, 20.0, 0.9), READING], None, (DEPTH_MM, GOOD), (2000, GOOD), (100_000, GOOD), 3),
    "two lost": ([READING], "broken", (DEPTH_MM, SUSPECT), (2000, GOOD), (100_000, GOOD), 1),
    "no answer": ([], "silent", (None, NO_READING), (None, NO_READING), (None, NO_READING), 0),
    "broken answers": ([], "broken", (None, SENSOR_ERROR), (None, SENSOR_ERROR), (None, SENSOR_ERROR), 0),
    "refused": ([], "refused", (None, SENSOR_ERROR), (None, SENSOR_ERROR), (None, SENSOR_ERROR), 0),
    "pressure inactive": (
        [(NAN, 20.0, 0.9)] * 3,
        None,
        (None, SENSOR_ERROR),
        (2000, GOOD),
        (None, SENSOR_ERROR),
        0,
    ),
    "over its range": (
        [(INFINITY, 20.0, 0.9)] * 3,
        None,
        (None, OUT_OF_RANGE),
        (2000, GOOD),
        (None, OUT_OF_RANGE),
        0,
    ),
    "no air pressure": ([(1.0, 20.0, NAN)] * 3, None, (None, SENSOR_ERROR), (2000, GOOD), (100_000, GOOD), 3),
    "no temperature": ([(1.0, NAN, 0.9)] * 3, None, (1020, SUSPECT), (None, SENSOR_ERROR), (100_000, GOOD), 3),
    "dry": ([(0.9, 20.0, 0.9)] * 3, None, (0, GOOD), (2000, GOOD), (90_000, GOOD), 3),
}


def sensor(barometer="p2", stage_at_zero_mm=0, statistics=DEFAULT):
    settings = SensorSettings()
    settings.statistics = DEFAULT
    settings.statistics = statistics
    settings.sensor_no = 1
    settings.kind = "keller-30"
    settings.port = settings.power_switch = settings.modbus_address = 1
    settings.burst = BURST
    settings.barometer = barometer
    settings.stage_at_zero_mm = stage_at_zero_mm
    (driver,) = open_sensors([settings])
    return driver


class Registers:
    """A slave that answers at once."""

    def __init__(self, registers):
        self.registers = registers
        self.reads = []

    def read_registers(self, first, count):
        self.reads.append((first, count))
        return self.registers[first]


def test_density_is_that_of_fresh_water():
    # ITS-90 density of water: 4, 10, 20 and 30 C.
    for temperature_c, density in ((4, 999.975), (10, 999.703), (20, 998.207), (30, 995.649)):
        assert abs(density_kg_m3(temperature_c) - density) < 0.02, temperature_c


def test_depth_follows_from_pressure_and_temperature():
    assert abs(depth_m(100_000, 4) - 10.1974) < 0.001
    assert depth_m(100_000, 25) > depth_m(100_000, 4)


def test_a_burst_gives_medians_with_their_quality_and_reasons():
    for name, (readings, reason, stage, temperature, pressure, count) in sorted(BURSTS.items()):
        values = sensor().values(readings, reason)
        assert len(values) == len(sensor().channels())
        assert values[:3] == [stage, temperature, pressure], (name, values)
        assert values[-1] == (count, GOOD), name


def test_stage_is_counted_from_the_stage_at_which_the_membrane_falls_dry():
    assert sensor(stage_at_zero_mm=-300).values([READING] * 3, None)[0] == (DEPTH_MM - 300, GOOD)


def test_a_vented_sensor_is_not_asked_for_air_pressure():
    slave = Registers({0x0100: bytes.fromhex("3F75E3D241B61C20")})
    pressure_bar, temperature_c, air_bar = sensor("vented").read(slave)
    assert slave.reads == [(0x0100, 4)]
    # The manual's example of an answer.
    assert (round(pressure_bar, 6), round(temperature_c, 4), air_bar) == (0.960508, 22.7637, 0)
    names = [field_name(variable, statistic) for _, variable, statistic, _, _ in sensor("vented").channels()]
    assert names == ["stage_m", "water_temperature_c", "water_pressure_hpa", "water_pressure_hpa_count"]


def test_an_absolute_sensor_reads_its_barometer_in_a_second_request_of_at_most_four_registers():
    slave = Registers({0x0100: struct.pack(">ff", 1.5, 4), 0x0104: struct.pack(">f", 0.5)})
    assert sensor("p2").read(slave) == (1.5, 4.0, 0.5)
    assert slave.reads == [(0x0100, 4), (0x0104, 2)]
