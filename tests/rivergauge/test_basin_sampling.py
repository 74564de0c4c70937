"""The trigger of a station in the basin file: what the board is told, and every mistake with its line."""

import json
from pathlib import Path

import pytest

from firmware.station import recent
from firmware.station.config import load
from firmware.station.intervals import AdaptiveIntervals
from firmware.station.sensors import open_sensors
from protocol.rating import RatingTable
from rivergauge.basin import BasinError, load_basin, station_configuration
from rivergauge.basin.sampling import samples_that_fit

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
BROKER = {"host": "127.0.0.1", "port": 1883}
QUIET = "record_every_s = 900\nsend_every_s = 3600\nsample_every_s = 300\n"
ON_RISE = {
    "sensor_no": 1,
    "variable": '"stage_m"',
    "kind": '"rise_rate"',
    "over_s": 600,
    "raise_value": 0.3,
    "clear_value": 0.1,
    "clear_after_s": 3600,
    "record_every_s": 60,
    "send_every_s": 300,
    "pre_trigger_s": 900,
}
ON_LEVEL = {name: value for name, value in ON_RISE.items() if name != "over_s"} | {
    "kind": '"level"',
    "raise_value": 1.5,
    "clear_value": 1.2,
}
ON_DISCHARGE = ON_LEVEL | {"variable": '"discharge_m3_s"', "raise_value": 260, "clear_value": 195}


def written(folder, adaptive, quiet=QUIET):
    """Write the example with this sampling at its first station."""
    head, rest = EXAMPLE.read_text().split("[station.sampling]", 1)
    _, rest = rest.split("[[station.sensor]]", 1)
    table = "" if adaptive is None else "[station.sampling.adaptive]\n"
    lines = "".join(f"{name} = {value}\n" for name, value in (adaptive or {}).items())
    path = folder / "basin.toml"
    path.write_text(f"{head}[station.sampling]\n{quiet}\n{table}{lines}\n[[station.sensor]]{rest}")
    return path


def loaded_by_the_station(folder, adaptive):
    told = station_configuration(load_basin(written(folder, adaptive)), "akdzhar", BROKER)
    (folder / "station.json").write_text(json.dumps(told))
    (folder / "key.bin").write_bytes(bytes(32))
    return told, load(str(folder))


@pytest.mark.parametrize("adaptive", [ON_RISE, ON_LEVEL, ON_DISCHARGE], ids=["rise", "level", "discharge"])
def test_the_station_takes_what_the_basin_file_says_of_its_trigger(adaptive, tmp_path):
    told, configuration = loaded_by_the_station(tmp_path, adaptive)
    (driver,) = open_sensors(configuration.sensors)
    intervals = AdaptiveIntervals(configuration, driver.channels(), b"")
    assert intervals.take(0, 0, [(0, 1)] * len(driver.channels())), "its trigger finds what it goes by"
    assert (intervals.wake_every_ms, intervals.record_every_ms, intervals.send_every_ms) == (
        300_000,
        900_000,
        3_600_000,
    )
    assert ("rating" in told) == (adaptive is ON_DISCHARGE)
    if adaptive is ON_DISCHARGE:
        assert RatingTable(*configuration.rating).discharge_m3_s(1.0) == pytest.approx(260)


def test_a_station_without_a_trigger_is_told_of_none():
    told = station_configuration(load_basin(EXAMPLE), "akdzhar", BROKER)
    assert told["sampling"] == {"record_every_s": 900, "send_every_s": 900}
    assert "rating" not in told


def test_basin_file_and_station_agree_on_how_many_samples_are_kept():
    for value_count in range(1, 10):
        assert samples_that_fit(value_count) == recent.samples_that_fit(value_count)


# name: (adaptive, sampling; path behind station[akdzhar].sampling, found, expected)
PROBLEMS = {
    "no such sensor": (ON_RISE | {"sensor_no": 2}, QUIET, ".adaptive.sensor_no", "2", "one of the station's sensors"),
    "rain from a range finder": (
        ON_RISE | {"variable": '"rain_mm"'},
        QUIET,
        ".adaptive.sensor_no",
        "1, a maxbotix-hrxl-wrl",
        "a sensor that measures rain_mm",
    ),
    "the level of a running total": (
        ON_LEVEL | {"variable": '"rain_mm"'},
        QUIET,
        ".adaptive.kind",
        '"level"',
        "one of rise_rate",
    ),
    "a level over a time": (
        ON_LEVEL | {"over_s": 600},
        QUIET,
        ".adaptive.over_s",
        "600",
        "a level is compared as it is",
    ),
    "cleared above what raises it": (
        ON_RISE | {"clear_value": 0.4},
        QUIET,
        ".adaptive.clear_value",
        "0.4",
        "less than raise_value (0.3)",
    ),
    "a discharge above the rating": (
        ON_DISCHARGE | {"raise_value": 1716},
        QUIET,
        ".adaptive.raise_value",
        "1716",
        "at most 1715 m3/s",
    ),
    "a fast interval that leaves out slow instants": (
        ON_RISE | {"record_every_s": 240, "send_every_s": 240},
        QUIET,
        ".adaptive.record_every_s",
        "240",
        "a divisor of sampling.record_every_s (900)",
    ),
    "sent less often when raised": (
        ON_RISE | {"send_every_s": 7200},
        QUIET,
        ".adaptive.send_every_s",
        "7200",
        "a multiple of record_every_s (60), at most 3600 s",
    ),
    "records from before a record": (
        ON_RISE | {"pre_trigger_s": 1200},
        QUIET,
        ".adaptive.pre_trigger_s",
        "1200",
        "at most sampling.record_every_s (900)",
    ),
    "a rate over less than a sample": (
        ON_RISE | {"over_s": 120},
        QUIET,
        ".adaptive.over_s",
        "120",
        "at least sampling.sample_every_s (300)",
    ),
    "a rate over more samples than are kept": (
        ON_RISE | {"over_s": 1440},
        QUIET,
        ".adaptive.over_s",
        "1440",
        "at most 1380 s: a station keeps 24 samples of 4 values",
    ),
    "sampled between the instants of records": (
        ON_RISE,
        QUIET.replace("300", "240"),
        ".sample_every_s",
        "240",
        "a divisor of record_every_s (900)",
    ),
    "how often to look is not said": (
        ON_RISE,
        "record_every_s = 900\nsend_every_s = 3600\n",
        ".sample_every_s",
        "nothing",
        "a whole number from 60",
    ),
    "looking for nothing": (None, QUIET, ".adaptive", "nothing", "a table with the trigger"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_mistake_is_told_with_its_line(name, tmp_path):
    adaptive, quiet, path, found, expected = PROBLEMS[name]
    file = written(tmp_path, adaptive, quiet)
    with pytest.raises(BasinError) as raised:
        load_basin(file)
    (problem,) = raised.value.problems
    assert problem.path == f"station[akdzhar].sampling{path}"
    assert found in problem.found and expected in problem.expected, problem
    key = path.rpartition(".")[2]
    told = file.read_text().splitlines()[problem.line - 1]
    assert told.startswith(key) if problem.found != "nothing" else told == "[station.sampling]"


def test_a_discharge_needs_a_rating_where_no_sensor_measures_it(tmp_path):
    file = written(tmp_path, ON_DISCHARGE)
    head, rest = file.read_text().split("[station.rating]", 1)
    file.write_text(head + rest[rest.index("[[station.threshold]]") :])
    with pytest.raises(BasinError) as raised:
        load_basin(file)
    (problem,) = raised.value.problems
    assert problem.path == "station[akdzhar].sampling.adaptive.variable"
    assert "[station.rating]" in problem.expected
