"""The sensors of a basin file: each kind's keys, and conflicts told with their line before anything is flashed."""

import json
from pathlib import Path

import pytest

from firmware.station.config import load
from firmware.station.sensors import KINDS as STATION_KINDS
from firmware.station.sensors import open_sensors
from firmware.station.sensors.statistics import CODES, DEFAULT
from firmware.station.slots import MAX_VALUES
from protocol.variables import code_of
from rivergauge.basin import BasinError, load_basin, station_configuration
from rivergauge.basin.sensors import DEFAULT_STATISTICS, KINDS, RECORD_VALUES, STATISTICS

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
BROKER = {"host": "127.0.0.1", "port": 1883}

SENSORS = {
    "geolux-lx80": "port = 2\npower_switch = 2\nburst = 5\nzero_distance_m = 12.5",
    "geolux-lx80-modbus": "port = 2\npower_switch = 2\nburst = 5\nzero_distance_m = 12.5\nmodbus_address = 3",
    "keller-30": 'port = 2\npower_switch = 2\nburst = 5\nstage_at_zero_m = -0.5\nmodbus_address = 1\nbarometer = "p2"',
    "ott-pls": 'port = 3\npower_switch = 2\nstage_at_zero_m = -0.5\nsdi12_address = "0"',
    "vegapuls-c21": 'port = 3\npower_switch = 2\nzero_distance_m = 9.5\nsdi12_address = "1"',
    "sommer-rq30": 'port = 3\npower_switch = 2\nstage_at_zero_m = 0.1\nsdi12_address = "z"',
    "tipping-bucket": "port = 1\nmm_per_pulse = 0.2",
}


def table(sensor_no, kind, *changes):
    text = f'[[station.sensor]]\nsensor_no = {sensor_no}\nkind = "{kind}"\n{SENSORS[kind]}\n'
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def written(folder, *tables, keep_first=True):
    """Write the example with these tables behind (or in place of) the first station's sensor."""
    head, rest = EXAMPLE.read_text().split("[[station.sensor]]", 1)
    first, rest = rest.split("[station.rating]", 1)
    kept = "[[station.sensor]]" + first if keep_first else ""
    path = folder / "basin.toml"
    path.write_text(head + kept + "\n".join(tables) + "\n[station.rating]" + rest)
    return path


def problem_of(path):
    with pytest.raises(BasinError) as raised:
        load_basin(path)
    (problem,) = raised.value.problems
    return problem


@pytest.mark.parametrize("kind", SENSORS)
def test_what_the_basin_file_says_of_a_sensor_is_what_the_station_takes(kind, tmp_path):
    basin = load_basin(written(tmp_path, table(2, kind)))
    (tmp_path / "station.json").write_text(json.dumps(station_configuration(basin, "akdzhar", BROKER)))
    (tmp_path / "key.bin").write_bytes(bytes(32))
    _, sensor = load(str(tmp_path)).sensors
    assert (sensor.kind, sensor.sensor_no) == (kind, 2)
    (driver,) = open_sensors([sensor])
    assert len(driver.channels()) == KINDS[kind].value_count


@pytest.mark.parametrize("kind", [kind for kind in SENSORS if "burst" in SENSORS[kind]])
def test_all_statistics_of_one_sensor_fit_into_a_record(kind, tmp_path):
    every = ", ".join(f'"{name}"' for name in STATISTICS)
    vented = [('"p2"', '"vented"')] if kind == "keller-30" else []
    only = table(1, kind, ("burst = 5", f"burst = 5\nstatistics = [{every}]"), *vented)
    basin = load_basin(written(tmp_path, only, keep_first=False))
    (tmp_path / "station.json").write_text(json.dumps(station_configuration(basin, "akdzhar", BROKER)))
    (tmp_path / "key.bin").write_bytes(bytes(32))
    (driver,) = open_sensors(load(str(tmp_path)).sensors)
    assert [statistic for _, variable, statistic, _, _ in driver.channels() if variable == code_of("stage_m")] == [
        CODES[name] for name in STATISTICS if name != "count"
    ]


def test_station_and_basin_file_know_the_same_kinds_keys_and_limits():
    assert dict.fromkeys(STATISTICS) == dict.fromkeys(CODES)
    assert tuple(CODES[name] for name in DEFAULT_STATISTICS) == DEFAULT
    assert {name: kind.keys for name, kind in KINDS.items()} == {
        name: keys for name, (_, keys) in STATION_KINDS.items()
    }
    assert RECORD_VALUES == MAX_VALUES


# name: (tables behind the first sensor, a range finder on port 1; path, found, expected, text of the line told)
CONFLICTS = {
    "a line that is not shared": (
        [table(2, "geolux-lx80", ("port = 2", "port = 1"))],
        "sensor[2].port",
        "port 1, where sensor 1 speaks 9600 8N1",
        "speak 115200 8N1",
        "port = 1",
    ),
    "two speeds on one port": (
        [table(2, "ott-pls", ("port = 3", "port = 1"))],
        "sensor[2].port",
        "port 1, where sensor 1 speaks 9600 8N1",
        "SDI-12 (1200 7E1)",
        "port = 1",
    ),
    "two parities on one line": (
        [table(2, "keller-30"), table(3, "geolux-lx80-modbus")],
        "sensor[3].port",
        "port 2, where sensor 2 speaks Modbus 9600 8N1",
        "Modbus 9600 8E1",
        "port = 2",
    ),
    "two sensors without addresses": (
        [table(2, "geolux-lx80"), table(3, "geolux-lx80")],
        "sensor[3].port",
        "2 a second time",
        "cannot share its line",
        "port = 2",
    ),
    "one Modbus address twice": (
        [table(2, "geolux-lx80-modbus"), table(3, "geolux-lx80-modbus")],
        "sensor[3].modbus_address",
        "3, which sensor 2 has",
        "another on this port",
        "modbus_address = 3",
    ),
    "one SDI-12 address twice": (
        [table(2, "ott-pls"), table(3, "ott-pls")],
        "sensor[3].sdi12_address",
        "0, which sensor 2 has",
        "another on this port",
        'sdi12_address = "0"',
    ),
    "an SDI-12 address of two letters": (
        [table(2, "ott-pls", ('"0"', '"00"'))],
        "sensor[2].sdi12_address",
        '"00"',
        "a digit or a letter",
        'sdi12_address = "00"',
    ),
    "two rain gauges on one input": (
        [table(2, "tipping-bucket"), table(3, "tipping-bucket")],
        "sensor[3].port",
        "1 a second time",
        "cannot share its line",
        "port = 1",
    ),
    "more values than a record holds": (
        [table(2, "keller-30"), table(3, "ott-pls")],
        "sensor[3].kind",
        "11 values in a record",
        "at most 9",
        'kind = "ott-pls"',
    ),
    "statistics without the median": (
        [table(2, "keller-30", ("burst = 5", 'burst = 5\nstatistics = ["mean", "count"]'))],
        "sensor[2].statistics",
        "no median",
        "thresholds and rating go by it",
        'statistics = ["mean", "count"]',
    ),
    "a statistic that there is not": (
        [table(2, "keller-30", ("burst = 5", 'burst = 5\nstatistics = ["median", "mode"]'))],
        "sensor[2].statistics",
        "a list of 2",
        "median, mean, min, max, std, count",
        'statistics = ["median", "mode"]',
    ),
    "more statistics than a record holds": (
        [table(2, "keller-30", ("burst = 5", 'burst = 5\nstatistics = ["median", "mean", "min", "max"]'))],
        "sensor[2].kind",
        "11 values in a record",
        "at most 9",
        'kind = "keller-30"',
    ),
    "statistics of a sensor without a burst": (
        [table(2, "ott-pls", ("stage_at_zero_m", 'statistics = ["median"]\nstage_at_zero_m'))],
        "sensor[2].statistics",
        "unknown key statistics",
        "port",
        'statistics = ["median"]',
    ),
    "a key of another kind": (
        [table(2, "ott-pls", ("stage_at_zero_m", "burst = 5\nstage_at_zero_m"))],
        "sensor[2].burst",
        "unknown key burst",
        "port",
        "burst = 5",
    ),
}


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_a_conflict_is_told_with_its_line(conflict, tmp_path):
    tables, path, found, expected, line = CONFLICTS[conflict]
    file = written(tmp_path, *tables)
    problem = problem_of(file)
    assert problem.path == f"station[akdzhar].{path}"
    assert found in problem.found and expected in problem.expected
    lines = file.read_text().splitlines()
    assert lines[problem.line - 1] == line
    # The line is in the station's last table, which is the one with the mistake.
    last = max(number for number, text in enumerate(lines, 1) if text == "[[station.sensor]]" and number < problem.line)
    assert f"sensor_no = {path[7]}" in lines[last : problem.line]


def test_sensors_that_have_addresses_share_a_line_and_a_rain_gauge_needs_no_serial_port(tmp_path):
    tables = [table(2, "ott-pls"), table(3, "vegapuls-c21"), table(4, "tipping-bucket", ("port = 1", "port = 3"))]
    basin = load_basin(written(tmp_path, *tables, keep_first=False))
    assert [sensor.kind for sensor in basin.station("akdzhar").sensors] == [
        "ott-pls",
        "vegapuls-c21",
        "tipping-bucket",
    ]


def test_the_first_sensor_has_to_give_the_stage(tmp_path):
    problem = problem_of(written(tmp_path, table(1, "tipping-bucket"), table(2, "ott-pls"), keep_first=False))
    assert problem.path == "station[akdzhar].sensor[1].kind"
    assert "stage" in problem.expected
