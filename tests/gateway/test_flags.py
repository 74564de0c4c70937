"""When flags are raised and cleared."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from gateway.flags import Watch, flag_message
from protocol.quality import FAIL, GOOD, MISSING, SUSPECT
from rivergauge.basin import Threshold

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
LONG_AGO = datetime(1960, 1, 1, tzinfo=UTC)


def level(direction="above", raise_value=1.0, clear_value=0.8, raise_after_s=0, clear_after_s=0, valid_to=None):
    return Threshold(
        "watch", "level", "stage_m", direction, raise_value, clear_value, raise_after_s, clear_after_s, "test",
        LONG_AGO, valid_to,
    )  # fmt: skip


def rise_rate(raise_value=0.5, clear_value=0.1):
    return Threshold("rapid", "rise_rate", "stage_m", "above", raise_value, clear_value, 0, 0, "test", LONG_AGO, None)


def follow(threshold, values, every_ms=15 * MINUTE_MS, quality=GOOD):
    """Return (index, flag) for each change; values are one per `every_ms`, or (time, value, quality) themselves."""
    watch, changes = Watch(), []
    for index, value in enumerate(values):
        at_ms, value, quality_here = value if isinstance(value, tuple) else (index * every_ms, value, quality)
        flag = watch.advance("basin", "upper", threshold, at_ms, value, quality_here)
        if flag is not None:
            changes.append((index, flag))
        # What a restart would bring back must behave the same.
        watch = Watch.from_values(json.loads(json.dumps(asdict(watch))))
    return changes


def states(changes):
    return [(index, flag.state) for index, flag in changes]


@pytest.mark.parametrize(
    ("threshold", "values", "expected"),
    [
        (level(), [0.9, 1.0, 0.9, 0.8], [(1, "raised"), (3, "cleared")]),
        (level(), [0.9, 1.1, 0.9, 1.05, 0.7], [(1, "raised"), (4, "cleared")]),
        (level(raise_after_s=1800), [1.1, 1.1, 1.1, 0.5], [(2, "raised"), (3, "cleared")]),
        (level(raise_after_s=1800), [1.1, 1.1, 0.9, 1.1, 1.1], []),
        (level(clear_after_s=1800), [1.1, 0.7, 0.7, 0.9, 0.7, 0.7, 0.7], [(0, "raised"), (6, "cleared")]),
        (level("below", 0.2, 0.4), [0.3, 0.2, 0.3, 0.4], [(1, "raised"), (3, "cleared")]),
        (level(), [1.1, None, None], [(0, "raised")]),
        (level(clear_after_s=1800), [1.1, 0.7, None, 0.7, 0.7, 0.7], [(0, "raised"), (5, "cleared")]),
    ],
    ids=[
        "raised at the raise value, cleared at the clear value",
        "between the two it stays as it is",
        "raised only after the duration",
        "a dip begins the duration anew",
        "cleared only after the duration",
        "below",
        "no data does not clear",
        "no data begins the clearing anew",
    ],
)
def test_a_level_flag(threshold, values, expected):
    assert states(follow(threshold, values)) == expected


@pytest.mark.parametrize("quality", [FAIL, MISSING])
def test_a_failed_value_neither_raises_nor_clears(quality):
    assert follow(level(), [(0, 2.0, quality)]) == []
    assert states(follow(level(), [(0, 2.0, GOOD), (1, 0.1, quality)])) == [(0, "raised")]


def test_a_suspect_value_raises():
    assert states(follow(level(), [(0, 2.0, SUSPECT)])) == [(0, "raised")]


def test_first_detected_is_when_it_began_and_stays_the_same():
    changes = follow(level(raise_after_s=1800, clear_after_s=1800), [0.5, 1.1, 1.2, 1.3, 1.25, 0.5, 0.5, 0.5])
    assert {flag.first_detected_at_ms for _, flag in changes} == {15 * MINUTE_MS}
    assert changes[0][1].raised_at_ms == 45 * MINUTE_MS


def test_the_peak_is_told_as_it_rises_and_kept_when_it_falls():
    changes = follow(level(), [1.1, 1.5, 1.4, 1.6, 0.5])
    assert [(flag.peak, flag.peak_at_ms) for _, flag in changes] == [
        (1.1, 0), (1.5, 15 * MINUTE_MS), (1.6, 45 * MINUTE_MS), (1.6, 45 * MINUTE_MS),
    ]  # fmt: skip


def test_the_peak_includes_what_came_before_the_raising():
    (_, flag), *_ = follow(level(raise_after_s=1800), [1.9, 1.1, 1.1])
    assert (flag.peak, flag.peak_at_ms) == (1.9, 0)


def test_an_observation_that_is_not_later_changes_nothing():
    assert states(follow(level(), [(10, 1.1, GOOD), (10, 0.1, GOOD), (5, 0.1, GOOD)])) == [(0, "raised")]


def test_a_flag_ends_with_the_validity_of_its_threshold():
    until_noon = level(valid_to=datetime.fromtimestamp(HOUR_MS / 1000, UTC))
    assert states(follow(until_noon, [(0, 2.0, GOOD), (HOUR_MS, 2.0, GOOD)])) == [(0, "raised"), (1, "cleared")]
    assert follow(until_noon, [(HOUR_MS, 2.0, GOOD)]) == []


def test_a_second_flood_is_a_flag_of_its_own():
    changes = follow(level(), [1.1, 0.5, 1.2, 0.5])
    assert [flag.first_detected_at_ms for _, flag in changes] == [0, 0, 30 * MINUTE_MS, 30 * MINUTE_MS]


@pytest.mark.parametrize(
    ("values", "expected_peak"),
    [
        ([(0, 1.0, GOOD), (60 * MINUTE_MS, 1.6, GOOD)], 0.6),
        ([(0, 1.0, GOOD), (7 * MINUTE_MS, 1.0, GOOD), (60 * MINUTE_MS, 1.7, GOOD)], 0.7),
        ([(0, 1.0, GOOD), (30 * MINUTE_MS, 1.2, GOOD), (75 * MINUTE_MS, 1.8, GOOD)], 0.7),
        ([(0, 1.0, GOOD), (3 * HOUR_MS, 4.0, GOOD)], 1.0),
    ],
    ids=["an hour", "over the whole hour, not the last step", "an hour ago, between two", "three hours without data"],
)
def test_a_rise_is_measured_per_hour_whatever_the_sampling(values, expected_peak):
    *_, (_, flag) = follow(rise_rate(), values)
    assert flag.peak == pytest.approx(expected_peak)


def test_a_rise_is_told_after_an_hour_of_data_and_not_before():
    minutes = [(index * 15 * MINUTE_MS, 1.0 + index, GOOD) for index in range(5)]
    assert states(follow(rise_rate(), minutes)) == [(4, "raised")]


def test_waves_on_one_minute_samples_are_no_rise():
    wave = [1.0 + (0.02 if index % 2 else -0.02) for index in range(120)]
    later = [(index * MINUTE_MS, value, GOOD) for index, value in enumerate(wave)]
    assert follow(rise_rate(), [(-HOUR_MS + 1, 1.0, GOOD), *later]) == []


def test_a_rise_is_not_taken_over_a_gap_of_more_than_six_hours():
    assert follow(rise_rate(), [(0, 0.0, GOOD), (6 * HOUR_MS + 1, 10.0, GOOD)]) == []


def test_the_published_flag_has_its_times_in_words():
    (_, flag), *_ = follow(level(), [1.1])
    message = json.loads(flag_message(flag))
    assert message["first_detected_at"] == "1970-01-01T00:00:00Z"
    assert message["cleared_at"] is None
    assert {"version", "basin", "station", "threshold", "state", "peak", "peak_at", "raise_value"} <= message.keys()
