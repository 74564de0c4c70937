"""The battery of a station in the basin file: what the board is told, and mistakes with their lines."""

import json
from pathlib import Path

import pytest

from firmware.station.config import load
from rivergauge.basin import BasinError, load_basin, station_configuration

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
BROKER = {"host": "127.0.0.1", "port": 1883}
BATTERY = {
    "alarms_only_below_v": 12.2,
    "log_only_below_v": 11.9,
    "sleep_below_v": 11.6,
    "hysteresis_v": 0.3,
    "awake_ma": 80,
    "radio_ma": 120,
    "sensors_ma": 30,
    "asleep_ma": 0.5,
}

# name: (changes; key, found, expected)
PROBLEMS = {
    "a limit above the one before": (
        {"log_only_below_v": 12.5},
        "log_only_below_v",
        "12.5",
        "less than alarms_only_below_v (12.2)",
    ),
    "two limits alike": ({"sleep_below_v": 11.9}, "sleep_below_v", "11.9", "less than log_only_below_v (11.9)"),
    "no battery has so little": ({"sleep_below_v": 0}, "sleep_below_v", "0", "a number from 2.5 to 60 V"),
    "no hysteresis": ({"hysteresis_v": 0}, "hysteresis_v", "0", "a number from 0.01 to 5 V"),
    "another key": ({"colour": 1}, "colour", "unknown key colour", "alarms_only_below_v"),
}


def written(folder, battery):
    lines = "".join(f"{name} = {value}\n" for name, value in battery.items())
    path = folder / "basin.toml"
    path.write_text(
        EXAMPLE.read_text().replace("\n[station.rating]", f"\n[station.power]\n{lines}\n[station.rating]", 1)
    )
    return path


def test_the_station_takes_what_the_basin_file_says_of_its_battery(tmp_path):
    told = station_configuration(load_basin(written(tmp_path, BATTERY)), "akdzhar", BROKER)
    (tmp_path / "station.json").write_text(json.dumps(told))
    (tmp_path / "key.bin").write_bytes(bytes(32))
    assert load(str(tmp_path)).power == BATTERY


def test_a_station_on_mains_is_told_of_no_battery():
    assert "power" not in station_configuration(load_basin(EXAMPLE), "akdzhar", BROKER)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_mistake_is_told_with_its_line(name, tmp_path):
    changes, key, found, expected = PROBLEMS[name]
    file = written(tmp_path, BATTERY | changes)
    with pytest.raises(BasinError) as raised:
        load_basin(file)
    (problem,) = raised.value.problems
    assert problem.path == f"station[akdzhar].power.{key}"
    assert found in problem.found and expected in problem.expected
    assert file.read_text().splitlines()[problem.line - 1].startswith(f"{key} =")
