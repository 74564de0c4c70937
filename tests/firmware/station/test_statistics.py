# Shared dialect: runs on MicroPython, and on CPython.
"""Statistics of a burst, in whole numbers, and the values that a record holds of them."""

from firmware.station.sensors.statistics import CODES, statistic
from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SUSPECT, TOO_FEW_VALID
from protocol.variables import COUNT, field_name
from tests.firmware.station.test_keller import READING, sensor
from tests.firmware.station.test_maxbotix import frames, measured, open_sensor, settings

ALL = [CODES[name] for name in ("median", "mean", "min", "max", "std", "count")]

# name: (rising numbers, median, mean, min, max, std)
NUMBERS = {
    "seven": ([1499, 1500, 1500, 1501, 1501, 1502, 1503], 1501, 1501, 1499, 1503, 1),
    # 3, 7, 7, 19: mean 9, squares of the differences 36 + 4 + 4 + 100 over 3 = 48.
    "four, far apart": ([3, 7, 7, 19], 7, 9, 3, 19, 7),
    "two": ([10, 13], 11, 12, 10, 13, 2),
    "one": ([10], 10, 10, 10, 10, None),
    "none": ([], None, None, None, None, None),
    "below nought": ([-12, -11], -12, -11, -12, -11, 1),
    # A board's float has 24 bits; the squares of these have 40.
    "large and close": ([1_000_000, 1_000_010, 1_000_020], 1_000_010, 1_000_010, 1_000_000, 1_000_020, 10),
}

# name: (frames of the burst, values of distance, stage: median, mean, min, max, std; number of valid readings)
BURSTS = {
    "waves": (
        [1490, 1500, 1510, 1500, 1490, 1500, 1510],
        [(1500, GOOD), (3000, GOOD), (3000, GOOD), (2990, GOOD), (3010, GOOD), (8, GOOD), (7, GOOD)],
    ),
    "one echo astray": (
        [1500, 1500, 800, 1500, 1500, 1500, 1500],
        [(1500, GOOD), (3000, GOOD), (3100, GOOD), (3000, GOOD), (3700, GOOD), (265, GOOD), (7, GOOD)],
    ),
    "one valid": (
        [5000, 5000, 1500, 5000, 5000, 5000, 5000],
        [(1500, SUSPECT)] + [(3000, SUSPECT)] * 4 + [(None, TOO_FEW_VALID), (1, GOOD)],
    ),
    "no target": ([5000] * 7, [(None, OUT_OF_RANGE)] * 6 + [(0, GOOD)]),
    "silence": ([], [(None, NO_READING)] * 6 + [(0, GOOD)]),
}


def test_statistics_are_those_of_the_numbers_rounded_to_whole_ones():
    for name, (ordered, *expected) in sorted(NUMBERS.items()):
        found = [statistic(code, ordered) for code in ALL if code != COUNT]
        assert found == expected, (name, found)


def test_a_range_finder_gives_the_statistics_it_was_told_to_with_one_distance_and_one_count():
    for name, (ranges, expected) in sorted(BURSTS.items()):
        _, values = measured(frames(ranges), statistics=ALL)
        assert values == expected, (name, values)
    one = settings()
    one.statistics = ALL
    names = [field_name(variable, code) for _, variable, code, _, _ in open_sensor(one).channels()]
    stages = ["stage_m", "stage_m_mean", "stage_m_min", "stage_m_max", "stage_m_std"]
    assert (names[0], names[1:-1], names[-1]) == ("distance_m", stages, "distance_m_count")


def test_the_count_can_be_left_out():
    _, values = measured(frames([1500] * 7), statistics=[CODES["median"]])
    assert values == [(1500, GOOD), (3000, GOOD)]


def test_a_pressure_sensor_gives_statistics_of_the_stages_of_its_readings():
    deeper = (READING[0] + 0.01, READING[1], READING[2])  # 0.1 m of water more
    without_temperature = (READING[0], float("nan"), READING[2])
    for name, readings, stages in (
        ("one deeper", [READING, READING, deeper], [1022, 1056, 1022, 1124, 59]),
        ("one without temperature", [READING, READING, without_temperature], [1022, 1021, 1020, 1022, 1]),
        ("one", [READING], [1022, 1022, 1022, 1022, None]),
    ):
        driver = sensor(statistics=ALL)
        values = driver.values(readings, None)
        assert len(values) == len(driver.channels())
        assert [value for value, _ in values[:5]] == stages, (name, values)
