"""Stations with a trigger send steps of fifteen minutes, then of one: flags and bulletins must not mind."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.bulletin.station_report import report_station
from gateway.flags import Watch
from gateway.observations import Observation
from protocol.quality import GOOD
from rivergauge.basin import Threshold, load_basin
from tests.conftest import PROJECT

MINUTE_MS = 60_000
QUARTER_MS = 15 * MINUTE_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = int(datetime(2018, 8, 30, tzinfo=UTC).timestamp() * 1000)
RISES_MS = DAY_MS + 2 * HOUR_MS
FALLS_MS = RISES_MS + HOUR_MS
END_MS = DAY_MS + 6 * HOUR_MS
FAST_RISE = Threshold(
    "fast-rise", "rise_rate", "stage_m", "above", 0.3, 0.1, 0, 0, "test", datetime(1960, 1, 1, tzinfo=UTC), None
)


def stage_m_at(at_ms):
    """A river that stands at 1 m, and rises by 0.63 m within an hour."""
    return 1.0 + 0.63 * min(max(0, at_ms - RISES_MS), HOUR_MS) / HOUR_MS


QUARTERS = list(range(DAY_MS, END_MS, QUARTER_MS))
MINUTES = list(range(DAY_MS, END_MS, MINUTE_MS))
# From five minutes into the rise until an hour after it a record every minute, and before that two of five minutes.
WITH_TRIGGER = sorted(
    {*QUARTERS, *range(RISES_MS + 5 * MINUTE_MS, FALLS_MS + HOUR_MS, MINUTE_MS)}
    | {RISES_MS - 10 * MINUTE_MS, RISES_MS - 5 * MINUTE_MS}
)


def flagged(instants_ms):
    """Return when the flag is raised and when cleared, in minutes since the rise began, and its peak."""
    watch, changes = Watch(), {}
    for at_ms in instants_ms:
        flag = watch.advance("basin", "station", FAST_RISE, at_ms, stage_m_at(at_ms), GOOD)
        if flag is not None:
            changes.setdefault(flag.state, ((at_ms - RISES_MS) // MINUTE_MS, flag.peak))
    return changes["raised"][0], changes["cleared"][0], changes["cleared"][1]


def observation(at_ms):
    return Observation(
        basin="syr-darya",
        station="uchkurgan",
        sensor=1,
        variable="stage_m",
        observed_at_ms=at_ms,
        value=stage_m_at(at_ms),
        quality=GOOD,
        log_id=7,
        record_no=1,
        configuration_no=1,
        received_at_ms=at_ms,
        provenance="authenticated",
    )


def test_a_rate_is_the_same_whatever_the_steps_between_the_observations():
    raised, cleared, peak = flagged(MINUTES)
    assert flagged(WITH_TRIGGER) == (raised, cleared, pytest.approx(peak))
    assert (raised, cleared) == (29, 111), "0.3 m within an hour; less than 0.1 m within the last hour"
    assert flagged(QUARTERS)[0] == 30 and flagged(QUARTERS)[1] == 120


def test_completeness_counts_the_instants_that_are_due_and_no_others():
    station = load_basin(PROJECT / "deploy" / "basin.toml").station("uchkurgan")
    station = replace(station, sampling=replace(station.sampling, record_every_s=900))
    for name, instants_ms in (("all", WITH_TRIGGER), ("one is missing", WITH_TRIGGER[1:])):
        report = report_station(station, map(observation, instants_ms), [], [], DAY_MS, END_MS)
        assert report.completeness.due == 24
        assert report.completeness.stored == 24 - (name == "one is missing"), name
        assert [point.at_ms for point in report.stages] == instants_ms
