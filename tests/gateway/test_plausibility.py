"""Times that cannot be true: found, told, and never a reason to drop what was measured."""

import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.clock_watch import ClockWatch
from gateway.observation_rows import observation_rows
from gateway.plausibility import (
    AHEAD,
    AHEAD_ALLOWANCE_MS,
    BEFORE_COMMISSIONING,
    CLOCKS_WERE_SET_MS,
    Plausibility,
)
from protocol.quality import GOOD, SUSPECT
from tests.fakes.publisher import NOW_MS, RECORD_EVERY_MS, START_MS, stage_batch

FOREVER_MS = (0, 2**62)
DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("station", "times_ms", "doubts"),
    [
        ("upper", [START_MS, NOW_MS], []),
        ("upper", [NOW_MS, NOW_MS + AHEAD_ALLOWANCE_MS], []),
        ("upper", [NOW_MS, NOW_MS + AHEAD_ALLOWANCE_MS + 1, NOW_MS + DAY_MS], [(1, AHEAD), (2, AHEAD)]),
        (
            "upper",
            [0, CLOCKS_WERE_SET_MS - 1, CLOCKS_WERE_SET_MS],
            [(0, BEFORE_COMMISSIONING), (1, BEFORE_COMMISSIONING)],
        ),
        ("lower", [START_MS - 1, START_MS], [(0, BEFORE_COMMISSIONING)]),
        ("lower", [0, NOW_MS + DAY_MS], [(0, BEFORE_COMMISSIONING), (1, AHEAD)]),
    ],
    ids=["sound", "within the allowance", "ahead", "a clock never set", "before commissioning", "both"],
)
def test_the_times_that_cannot_be_true(basin, station, times_ms, doubts):
    lower = replace(basin.station("lower"), commissioned=datetime.fromtimestamp(START_MS / 1000, UTC))
    plausibility = Plausibility(replace(basin, stations=(basin.station("upper"), lower)))
    assert plausibility.doubts(station, times_ms, NOW_MS) == doubts
    assert plausibility.is_sound(station, times_ms[0], times_ms[-1], NOW_MS) == (not doubts)


def told(caplog, newest_ms):
    """Return what is said of stations whose newest records are dated as given."""
    caplog.set_level(logging.INFO)
    watch = ClockWatch(lambda: 0.0)
    for number, at_ms in enumerate(newest_ms):
        watch.note(f"station-{number}", at_ms, NOW_MS)
    watch.tell(NOW_MS)
    return [record.getMessage() for record in caplog.records]


def test_one_station_ahead_has_a_wrong_clock(caplog):
    (said,) = told(caplog, [NOW_MS, NOW_MS + DAY_MS, NOW_MS])
    assert "newest records of station-1 are dated after 2019-10-04T00:00:00Z" in said
    assert "correct the station's clock" in said


def test_most_stations_ahead_say_that_the_gateway_is_behind(caplog):
    (said,) = told(caplog, [NOW_MS + DAY_MS, NOW_MS, NOW_MS + DAY_MS])
    assert "2 of 3 stations agree, so that this gateway's clock is likely to be behind" in said


def test_stations_in_time_are_no_news(caplog):
    assert told(caplog, [NOW_MS, START_MS, NOW_MS + AHEAD_ALLOWANCE_MS]) == []


def test_a_clock_that_is_right_again_is_told(caplog):
    caplog.set_level(logging.INFO)
    watch = ClockWatch(lambda: 0.0)
    for newest_ms in (NOW_MS + DAY_MS, NOW_MS):
        watch.note("upper", newest_ms, NOW_MS)
        watch.tell(NOW_MS)
    assert "well again" in caplog.records[-1].getMessage()


def test_records_from_ahead_are_stored_raised_and_shown_with_the_doubt(bench, until):
    bench.now_ms = START_MS
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [1200, 1300]))
        upper.publish(stage_batch(0, [1200, 1300]))
        assert upper.has_receipts(7, 0, 1)
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert (counts["records_stored"], counts["records_duplicate"], counts["records_time_doubted"]) == (2, 2, 1)
    observations = bench.store.read_observations("upper", *FOREVER_MS)
    assert {each.quality for each in observations} == {GOOD}, "the raw values are as they were sent"
    rows = observation_rows(observations, bench.store.read_revisions("upper", *FOREVER_MS))
    shown = [(row["variable"], row["value"], row["rating"], row["record_no"]) for row in rows if row["rule"] == AHEAD]
    assert shown == [
        ("discharge_m3_s", 130.0, "upper-test-1", 1), ("distance_m_count", 7.0, "none", 1), ("stage_m", 1.3, "none", 1)
    ]  # fmt: skip
    assert {row["quality"] for row in rows if row["rule"] == AHEAD} == {SUSPECT}
    (flag,) = bench.store.read_flags("upper", *FOREVER_MS)
    # Of all of it, doubted or not: it may be the gateway that is behind.
    assert (flag.raised_at_ms, flag.peak_at_ms) == (START_MS, START_MS + RECORD_EVERY_MS)


def test_a_record_dated_years_ahead_does_not_silence_the_flags_of_now(bench, until):
    bench.now_ms = START_MS + 10 * RECORD_EVERY_MS
    service = bench.start()
    with bench.station("upper") as upper:
        for years in (1, 2, 3):
            upper.publish(stage_batch(0, [500], log_id=70 + years, start_ms=START_MS + years * 365 * DAY_MS))
        upper.publish(stage_batch(0, [500, 1200]))
        assert upper.has_receipts(7, 0, 1)
        until(service.is_idle, "the gateway is idle")
    assert [flag.state for flag in bench.store.read_flags("upper", *FOREVER_MS)] == ["raised"]
