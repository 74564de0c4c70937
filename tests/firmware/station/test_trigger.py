# Shared dialect: runs on MicroPython, and on CPython.
"""What raises a trigger: levels and rates of what is in a record, or of a discharge rated on board."""

from firmware.station.recent import BYTES, RecentSamples, Sample, samples_that_fit
from firmware.station.trigger import ABOVE_TABLE, Trigger, rated_discharge_m3_s
from protocol.quality import GOOD, NO_READING, SUSPECT
from protocol.rating import LOG, RatingTable
from protocol.variables import COUNT, INSTANT, MEAN, MEDIAN, TOTAL, code_of
from tests.firmware.station.expecting import raises

CHANNELS = [
    (1, code_of("distance_m"), MEDIAN, -3, 0),
    (1, code_of("stage_m"), MEAN, -3, 0),
    (1, code_of("stage_m"), MEDIAN, -3, 0),
    (1, code_of("distance_m"), COUNT, 0, 0),
    (2, code_of("rain_mm"), TOTAL, -2, 0),
    (3, code_of("discharge_m3_s"), INSTANT, -3, 0),
]
RATING = ("example-1", [0.0, 1.0, 2.0], [10.0, 100.0, 300.0], LOG)


def level(variable="stage_m", sensor_no=1, rating=None):
    return Trigger({"kind": "level", "variable": variable, "sensor_no": sensor_no}, CHANNELS, rating)


def rise_rate(variable="stage_m", sensor_no=1, over_s=600):
    settings = {"kind": "rise_rate", "variable": variable, "sensor_no": sensor_no, "over_s": over_s}
    return Trigger(settings, CHANNELS, None)


def sample(at_s, stage_mm, rain_counts=0, quality=GOOD):
    stage = (None, NO_READING) if stage_mm is None else (stage_mm, quality)
    values = [(4500, GOOD), (9999, GOOD), stage, (7, GOOD), (rain_counts, GOOD), (5_250, GOOD)]
    return Sample(1_535_587_200 + at_s, at_s, values)


# name: ((seconds, stage in mm) of the samples, rise in m/h over 600 s)
RISES = {
    "still": ([(0, 1000), (300, 1000), (600, 1000)], 0.0),
    "rising": ([(0, 1000), (300, 1050), (600, 1100)], 0.6),
    "falling": ([(0, 1100), (300, 1050), (600, 1000)], -0.6),
    "the oldest is too old": ([(0, 0), (300, 1050), (600, 1060), (900, 1100)], 0.3),
    "the oldest has no value": ([(0, None), (300, 1050), (600, 1100)], 0.6),
    "the newest has no value": ([(0, 1000), (300, 1050), (600, None)], None),
    "too short for a rate": ([(0, 1000), (240, 1200)], None),
    "the first sample": ([(0, 1000)], None),
    "after a long silence": ([(0, 1000), (3600, 2000)], None),
}


def test_a_level_is_the_value_of_the_newest_sample_and_not_another_statistic():
    assert level().evidence([sample(0, 100), sample(300, 1234)]) == 1234 * 10**-3
    assert level().evidence([sample(0, 100), sample(300, None)]) is None
    assert level().evidence([sample(0, 4200, quality=SUSPECT)]) == 4200 * 10**-3, "water too near is high all the same"


def test_a_rate_is_a_rise_per_hour_over_the_time_asked_for():
    for name, (points, expected) in sorted(RISES.items()):
        found = rise_rate().evidence([sample(at_s, stage_mm) for at_s, stage_mm in points])
        assert (found is None) == (expected is None), (name, found)
        assert expected is None or abs(found - expected) < 1e-4, (name, found)


def test_rain_is_a_rate_of_its_total_and_a_counter_that_begins_again_is_no_rain():
    trigger = rise_rate("rain_mm", 2, over_s=1800)
    wet = [sample(0, 1000, rain_counts=100), sample(1800, 1000, rain_counts=1100)]
    assert abs(trigger.evidence(wet) - 20.0) < 1e-3, "10 mm in half an hour"
    assert trigger.evidence([wet[1], sample(3600, 1000, rain_counts=20)]) < 0


def test_a_discharge_comes_from_the_sensor_that_measures_it_else_from_the_rating():
    assert abs(level("discharge_m3_s", 3, RATING).evidence([sample(0, 1000)]) - 5.25) < 1e-5
    assert abs(level("discharge_m3_s", 1, RATING).evidence([sample(0, 1000)]) - 100.0) < 1e-3


def test_outside_the_table_the_discharge_is_missing_and_never_clamped():
    assert rated_discharge_m3_s(RatingTable(*RATING), -0.001) is None
    assert rated_discharge_m3_s(RatingTable(*RATING), 2.001) == ABOVE_TABLE
    assert level("discharge_m3_s", 1, RATING).evidence([sample(0, -10)]) is None
    assert level("discharge_m3_s", 1, RATING).evidence([sample(0, 2500)]) > 1e9, "more than any limit in the table"


def test_what_raises_a_trigger_is_told_in_words():
    assert level().describe(1.234) == "stage_m 1.234"
    assert rise_rate().describe(0.54) == "stage_m 0.540 per hour"
    assert "not known, the stage lies above the rating" in level("discharge_m3_s", 1, RATING).describe(ABOVE_TABLE)


def test_a_trigger_on_what_no_record_holds_is_refused():
    for variable, sensor_no in (("stage_m", 2), ("discharge_m3_s", 1), ("rain_mm", 1)):
        assert variable in str(raises(ValueError, level, variable, sensor_no))


def test_samples_outlast_a_sleep_and_the_oldest_go_first():
    fits = samples_that_fit(len(CHANNELS))
    recent = RecentSamples(len(CHANNELS), 10_000)
    for index in range(fits + 3):
        recent.add(sample(60 * index, None if index == fits else 1000 + index))
    packed = recent.pack()
    assert len(packed) <= BYTES
    again = RecentSamples(len(CHANNELS), 10_000, packed).samples
    assert [each.monotonic_s for each in again] == [60 * index for index in range(3, fits + 3)]
    assert [each.values for each in again] == [each.values for each in recent.samples]
    assert again[-1].instant_s == 1_535_587_200 + 60 * (fits + 2)


def test_what_is_too_old_or_of_another_configuration_is_forgotten():
    recent = RecentSamples(len(CHANNELS), 600)
    for at_s in (0, 300, 600, 900):
        recent.add(sample(at_s, 1000))
    assert [each.monotonic_s for each in recent.samples] == [300, 600, 900]
    assert RecentSamples(4, 600, recent.pack()).samples == []
