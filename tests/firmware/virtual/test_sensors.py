"""Each kind of sensor through the whole firmware on the bench: its variables, their values, what faults become."""

import pytest

from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SENSOR_ERROR, SUSPECT
from tests.firmware.virtual.measuring import QUARTER_MS

COMMON = {"sensor_no": 1, "port": 1, "power_switch": 1}
RANGE = {**COMMON, "burst": 5, "zero_distance_m": 4.5}
SDI12 = {"sensor_no": 1, "port": 3, "power_switch": 1, "sdi12_address": "1"}
PLS = {**SDI12, "kind": "ott-pls", "stage_at_zero_m": -0.25}
C21 = {**SDI12, "kind": "vegapuls-c21", "zero_distance_m": 4.5, "sensor_no": 2, "sdi12_address": "2"}
RQ30 = {**SDI12, "kind": "sommer-rq30", "stage_at_zero_m": 0.125, "sensor_no": 3, "sdi12_address": "3"}
KELLER = {**COMMON, "kind": "keller-30", "burst": 5, "stage_at_zero_m": -0.25, "modbus_address": 1}
SENSORS = {
    "maxbotix-hrxl": {**RANGE, "kind": "maxbotix-hrxl"},
    "geolux-lx80": {**RANGE, "kind": "geolux-lx80"},
    "geolux-lx80-modbus": {**RANGE, "kind": "geolux-lx80-modbus", "modbus_address": 3},
    "keller-30 vented": {**KELLER, "barometer": "vented"},
    "keller-30 absolute": {**KELLER, "barometer": "p2"},
}
COUNTS = {kind: "water_pressure_hpa_count" if "keller" in kind else "distance_m_count" for kind in SENSORS}
ON_MODBUS = ["geolux-lx80-modbus", "keller-30 vented", "keller-30 absolute"]


@pytest.mark.parametrize("kind", SENSORS)
def test_the_stage_of_the_instant_is_recorded(kind, measuring):
    station = measuring([SENSORS[kind]])
    station.run(instants=2)
    records = station.records()
    assert len(records) == 2
    for index, record in enumerate(records):
        stage, quality = record[1, "stage_m"]
        # The river rises by 1 mm in 10 s, and a burst lies around its instant.
        assert stage == pytest.approx(station.river.stage_m_at(station.first_ms + index * QUARTER_MS), abs=0.001)
        assert quality == GOOD
        assert record[1, COUNTS[kind]] == (5, GOOD)
        assert record[0, "battery_v"] == (12.6, GOOD)


@pytest.mark.parametrize("kind", [kind for kind in SENSORS if "keller" not in kind])
def test_the_raw_distance_is_recorded_beside_the_stage(kind, measuring):
    station = measuring([SENSORS[kind]])
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "distance_m"].value == pytest.approx(4.5 - record[1, "stage_m"].value, abs=1e-9)


def test_a_pressure_sensor_records_its_temperature_and_pressures_too(measuring):
    station = measuring([SENSORS["keller-30 absolute"]])
    station.run(instants=1)
    (record,) = station.records()
    depth_m = record[1, "stage_m"].value + 0.25
    assert record[1, "water_temperature_c"] == (7.25, GOOD)
    assert record[1, "air_pressure_hpa"] == (953.2, GOOD)
    assert record[1, "water_pressure_hpa"].value == pytest.approx(953.2 + depth_m * 98.054, abs=0.1)


@pytest.mark.parametrize("kind", SENSORS)
def test_an_unplugged_sensor_costs_its_own_values_and_they_come_back_with_the_cable(kind, measuring):
    sonar = {**SENSORS["maxbotix-hrxl"], "sensor_no": 2, "port": 2, "power_switch": 2}
    station = measuring([SENSORS[kind], sonar])
    station.virtual.unplug_sensor(1)
    station.run(instants=1)
    station.virtual.plug_sensor(1)
    station.run(instants=1)
    without, with_cable = station.records()
    assert without[1, "stage_m"] == (None, NO_READING)
    assert without[1, COUNTS[kind]] == (0, GOOD)
    assert without[2, "stage_m"].quality == with_cable[1, "stage_m"].quality == GOOD
    for record in (without, with_cable):
        assert record[2, "distance_m_count"] == (5, GOOD)


@pytest.mark.parametrize("kind", ON_MODBUS)
@pytest.mark.parametrize("fault", ["silent", "crc", "noise"])
def test_a_spoiled_answer_is_asked_for_again_and_costs_nothing(kind, fault, measuring):
    station = measuring([SENSORS[kind]])
    station.virtual.instrument(1).fail(fault, times=2)
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "stage_m"].quality == GOOD
    assert record[1, COUNTS[kind]] == (5, GOOD)


@pytest.mark.parametrize("kind", ON_MODBUS)
def test_answers_that_all_fail_their_check_are_a_sensor_error(kind, measuring):
    station = measuring([SENSORS[kind]])
    station.virtual.instrument(1).fail("crc")
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "stage_m"] == (None, SENSOR_ERROR)


@pytest.mark.parametrize(
    ("fault", "stage_reason", "pressure_reason"),
    [("inactive", SENSOR_ERROR, SENSOR_ERROR), ("overflow", OUT_OF_RANGE, OUT_OF_RANGE)],
)
def test_a_pressure_that_is_no_number_is_null_with_its_reason(fault, stage_reason, pressure_reason, measuring):
    station = measuring([SENSORS["keller-30 vented"]])
    station.virtual.instrument(1).fail(fault)
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "stage_m"] == (None, stage_reason)
    assert record[1, "water_pressure_hpa"] == (None, pressure_reason)
    assert record[1, "water_temperature_c"] == (7.25, GOOD)


def test_without_a_temperature_the_stage_is_suspect_and_near(measuring):
    station = measuring([SENSORS["keller-30 vented"]])
    station.virtual.instrument(1).fail("no-temperature")
    station.run(instants=1)
    (record,) = station.records()
    stage, quality = record[1, "stage_m"]
    assert quality == SUSPECT
    assert stage == pytest.approx(station.river.stage_m_at(station.first_ms), abs=0.002)
    assert record[1, "water_temperature_c"] == (None, SENSOR_ERROR)


def test_two_slaves_share_a_line_and_only_the_one_addressed_answers(measuring):
    pressure = {**SENSORS["keller-30 vented"], "modbus_address": 7}
    other = {**pressure, "sensor_no": 2, "modbus_address": 8}
    station = measuring([pressure, other])
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "stage_m"].quality == record[2, "stage_m"].quality == GOOD
    assert record[1, "stage_m"].value == pytest.approx(record[2, "stage_m"].value, abs=0.002)


@pytest.mark.parametrize(
    "wired",
    [
        pytest.param({**SENSORS["geolux-lx80-modbus"], "modbus_address": 1}, id="with parity, asked without"),
        pytest.param({**SENSORS["keller-30 vented"], "modbus_address": 2}, id="at another address"),
    ],
)
def test_a_slave_that_is_asked_wrongly_says_nothing(wired, measuring):
    station = measuring([SENSORS["keller-30 vented"]], wired=[wired])
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "stage_m"] == (None, NO_READING)


@pytest.mark.parametrize("sensor", [PLS, C21, RQ30], ids=lambda sensor: sensor["kind"])
def test_an_sdi12_sensor_records_the_stage_of_the_instant(sensor, measuring):
    station = measuring([sensor])
    station.run(instants=2)
    no = sensor["sensor_no"]
    for index, record in enumerate(station.records()):
        stage, quality = record[no, "stage_m"]
        # Within what the river rises while the instrument measures: 1 mm in 10 s.
        assert stage == pytest.approx(station.river.stage_m_at(station.first_ms + index * QUARTER_MS), abs=0.003)
        assert quality == GOOD
    assert station.virtual.instrument(no).violations == []


def test_velocity_and_discharge_of_an_rq30_are_recorded_as_measured(measuring):
    station = measuring([RQ30])
    station.run(instants=1)
    (record,) = station.records()
    level_m = record[3, "stage_m"].value - 0.125
    assert record[3, "velocity_m_s"].value == pytest.approx(0.4 + 0.6 * level_m, abs=0.001)
    assert record[3, "discharge_m3_s"].value == pytest.approx(20 * level_m * (0.4 + 0.6 * level_m), abs=0.02)
    assert record[3, "flow_area_m2"].value == pytest.approx(20 * level_m, abs=0.02)


def test_sensors_on_one_line_measure_together_and_a_dead_one_costs_the_others_nothing(measuring):
    other = {**PLS, "sensor_no": 4, "sdi12_address": "4"}
    station = measuring([PLS, C21, other])
    station.virtual.instrument(1).fail("silent")
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "stage_m"] == (None, NO_READING)
    assert record[2, "distance_m"].quality == record[4, "stage_m"].quality == GOOD
    for no in (1, 2, 4):
        assert station.virtual.instrument(no).violations == []


@pytest.mark.parametrize("older", ["no-crc", "no-concurrent"])
def test_an_sdi12_sensor_of_an_older_version_is_measured_too(older, measuring):
    station = measuring([PLS, C21])
    station.virtual.instrument(1).fail(older)
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "stage_m"].quality == record[2, "stage_m"].quality == GOOD
    assert record[1, "stage_m"].value == pytest.approx(station.river.stage_m_at(station.first_ms), abs=0.003)


@pytest.mark.parametrize("fault", ["crc", "garbage"])
def test_an_sdi12_sensor_that_cannot_be_understood_is_a_sensor_error(fault, measuring):
    station = measuring([PLS])
    station.virtual.instrument(1).fail(fault)
    station.run(instants=1)
    (record,) = station.records()
    assert record[1, "stage_m"] == (None, SENSOR_ERROR)
    assert record[0, "battery_v"] == (12.6, GOOD)


@pytest.mark.parametrize("sensor", [PLS, C21, RQ30], ids=lambda sensor: sensor["kind"])
def test_an_sdi12_line_that_is_unplugged_costs_its_own_values_and_they_come_back_with_the_cable(sensor, measuring):
    station = measuring([sensor])
    station.virtual.unplug_sensor(3)
    station.run(instants=1)
    station.virtual.plug_sensor(3)
    station.run(instants=1)
    without, with_cable = station.records()
    no = sensor["sensor_no"]
    assert without[no, "stage_m"] == (None, NO_READING)
    assert with_cable[no, "stage_m"].quality == GOOD


def test_a_radar_without_an_echo_says_so_and_nothing_is_made_up(measuring):
    station = measuring([C21])
    station.virtual.instrument(2).measure = lambda at_ms: ["+0.000", "+0.000", "+25.4", "+0.0", "+13"]
    station.run(instants=1)
    (record,) = station.records()
    assert record[2, "stage_m"] == record[2, "distance_m"] == (None, SENSOR_ERROR)


def test_rain_is_recorded_as_a_running_total(measuring):
    gauge = {"sensor_no": 1, "kind": "tipping-bucket", "port": 4, "power_switch": None, "mm_per_pulse": 0.2}
    station = measuring([gauge])
    station.run(instants=6)
    # The shower of 00 to 01 UTC: a tip every 90 s, counted since power came on two minutes before 00:15.
    assert [record[1, "rain_mm"].value for record in station.records()] == [0.4, 2.4, 4.4, 6.4, 6.4, 6.4]


def test_a_power_cut_begins_the_total_of_rain_again(measuring):
    gauge = {"sensor_no": 1, "kind": "tipping-bucket", "port": 4, "power_switch": None, "mm_per_pulse": 0.2}
    station = measuring([gauge])
    station.run(instants=2)
    station.virtual.cut_power(for_ms=60_000)
    station.run(instants=1)
    assert [record[1, "rain_mm"].value for record in station.records()] == [0.4, 2.4, 1.6]
