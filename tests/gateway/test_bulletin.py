"""A bulletin says what was stored, what is missing, and where every number comes from."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.bulletin import compose, list_bulletins, write_bulletin
from gateway.bulletin.document import render_json
from gateway.bulletin.page import render_html
from gateway.bulletin.station_report import report_station
from gateway.hydro.discharge import RULE
from gateway.observations import Observation, Revision
from gateway.plausibility import AHEAD
from protocol.quality import SUSPECT
from rivergauge.basin import load_basin
from tests.fakes.flood import FROM_MS, STEP_MS, TO_MS, fill_store, stage_m_at

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
ISSUED_MS = TO_MS + 600_000


@pytest.fixture(scope="module")
def basin():
    return load_basin(EXAMPLE)


@pytest.fixture(scope="module")
def store(basin, tmp_path_factory):
    return fill_store(tmp_path_factory.mktemp("store") / "observations.sqlite", basin)


@pytest.fixture(scope="module")
def bulletin(basin, store):
    return compose(basin, store, FROM_MS, TO_MS, ISSUED_MS)


def report_on(bulletin, station):
    return next(each for state in bulletin.states for each in state.reports if each.station == station)


def test_states_come_in_alphabetical_order_and_only_where_they_have_stations(bulletin):
    assert [state.names["en"] for state in bulletin.states] == ["Kazakhstan", "Kyrgyzstan", "Tajikistan"]


def test_the_last_stage_names_its_record(bulletin):
    stage = report_on(bulletin, "uchkurgan").stage
    assert (stage.value, stage.observed_at_ms) == (stage_m_at(143), FROM_MS + 143 * STEP_MS)
    assert (stage.provenance.log_id, stage.provenance.record_no, stage.provenance.sensor) == (4_000_001, 144, 1)
    assert stage.provenance.authenticity == "authenticated"


def test_the_last_discharge_names_its_rating_rule_and_revision(bulletin, basin):
    discharge = report_on(bulletin, "uchkurgan").discharge
    assert discharge.value == pytest.approx(basin.station("uchkurgan").rating.discharge_m3_s(stage_m_at(143)))
    origin = discharge.provenance
    assert (origin.rating, origin.rule, origin.revision_no) == ("uchkurgan-example-1", "rating", 1)
    assert origin.record_no == 144


COMPLETENESS = {
    "all there": ("uchkurgan", (144, 144, 144)),
    "six never recorded, two without a value, one failed": ("akdzhar", (144, 138, 135)),
    "silent after two hours": ("kokbulak", (144, 9, 9)),
}


@pytest.mark.parametrize(("station", "expected"), COMPLETENESS.values(), ids=COMPLETENESS.keys())
def test_completeness_counts_due_stored_and_usable(bulletin, station, expected):
    completeness = report_on(bulletin, station).completeness
    assert (completeness.due, completeness.stored, completeness.usable) == expected


def test_only_a_station_that_missed_its_sending_is_stale(bulletin):
    stale = {each.station: each.is_stale for state in bulletin.states for each in state.reports}
    assert stale == {"kokbulak": True, "uchkurgan": False, "akdzhar": False}


def test_what_is_due_after_the_issue_is_not_yet_missing(basin, store):
    early = compose(basin, store, FROM_MS, TO_MS, issued_at_ms=FROM_MS + 10 * STEP_MS)
    assert report_on(early, "uchkurgan").completeness.due == 10


def test_a_period_begins_and_ends_where_it_says(basin, store):
    hour = compose(basin, store, FROM_MS + STEP_MS, FROM_MS + 5 * STEP_MS, ISSUED_MS)
    times = [point.at_ms for point in report_on(hour, "uchkurgan").stages]
    assert times == [FROM_MS + record * STEP_MS for record in (1, 2, 3, 4)]


def test_a_flag_keeps_its_first_detected_time_and_names_the_record_of_its_peak(bulletin):
    (each,) = report_on(bulletin, "uchkurgan").flags
    assert each.flag.first_detected_at_ms == FROM_MS + 58 * STEP_MS
    assert each.peak.record_no == 71


EMPTY_PERIODS = {
    "ends before it begins": (TO_MS, FROM_MS, ISSUED_MS),
    "is empty": (FROM_MS, FROM_MS, ISSUED_MS),
    "has not begun": (FROM_MS, TO_MS, FROM_MS),
}


@pytest.mark.parametrize("times", EMPTY_PERIODS.values(), ids=EMPTY_PERIODS.keys())
def test_a_period_that_cannot_be_is_refused(basin, store, times):
    with pytest.raises(ValueError, match="the period"):
        compose(basin, store, *times)


def observation(at_ms, value, **changes):
    raw = Observation("syr-darya", "uchkurgan", 1, "stage_m", at_ms, value, 1, 7, 1, 1, at_ms + 5, "authenticated")
    return replace(raw, **changes)


def discharge(at_ms, value, **changes):
    raw = Revision("syr-darya", "uchkurgan", 1, "discharge_m3_s", at_ms, value, 1, "rating", "r-1", 1)
    return replace(raw, **changes)


def report(basin, observations, revisions=()):
    return report_station(basin.station("uchkurgan"), observations, revisions, [], FROM_MS, FROM_MS + 4 * STEP_MS)


LEFT_OUT = {
    "a test record": observation(FROM_MS + STEP_MS, 9.0, test=True),
    "another sensor": observation(FROM_MS + STEP_MS, 9.0, sensor=2),
    "another variable": observation(FROM_MS + STEP_MS, 9.0, variable="distance_m"),
    "a failed check": observation(FROM_MS + STEP_MS, 9.0, quality=4),
    "no value": observation(FROM_MS + STEP_MS, None, quality=9),
}


@pytest.mark.parametrize("other", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_the_last_stage_is_never(basin, other):
    assert report(basin, [observation(FROM_MS, 0.5), other]).stage.value == 0.5


def test_a_suspect_stage_is_published_with_its_quality(basin):
    stage = report(basin, [observation(FROM_MS, 0.5, quality=3)]).stage
    assert (stage.value, stage.quality) == (0.5, 3)


def test_a_value_whose_time_is_doubted_is_published_as_suspect(basin):
    doubts = [
        discharge(1, 5.0),
        discharge(1, 5.0, rule=AHEAD, quality=SUSPECT),
        replace(discharge(1, 1.5, rule=AHEAD, quality=SUSPECT), variable="stage_m"),
    ]
    found = report(basin, [observation(1, 1.5)], doubts)
    assert (found.stage.value, found.stage.quality) == (1.5, SUSPECT)
    assert (found.discharge.value, found.discharge.quality, found.discharge.provenance.rule) == (5.0, SUSPECT, RULE)


def test_of_several_revisions_the_newest_counts_in_whatever_order_they_are_read(basin):
    revisions = [discharge(FROM_MS, 60.0, revision_no=2), discharge(FROM_MS, 50.0, revision_no=1)]
    assert report(basin, [observation(FROM_MS, 0.5)], revisions).discharge.value == 60.0


def test_a_station_without_data_has_no_numbers_and_is_stale(basin):
    empty = report(basin, [])
    assert (empty.stage, empty.discharge, empty.is_stale, empty.completeness.stored) == (None, None, True, 0)


def test_every_number_of_the_json_has_its_provenance(bulletin):
    document = json.loads(render_json(bulletin))
    stations = [station for state in document["states"] for station in state["stations"]]
    figures = [station[name] for station in stations for name in ("stage", "discharge")]
    assert len(figures) == 6
    for figure in figures:
        assert figure["provenance"].keys() == {
            "station", "sensor", "configuration_no", "log_id", "record_no", "received_at", "authenticity",
            "rating", "rule", "revision_no",
        }  # fmt: skip
        assert figure["observed_at"].endswith("Z")
    assert [flag["peak_provenance"]["record_no"] for station in stations for flag in station["flags"]] == [71, 71]


def test_the_page_says_no_data_in_words_and_marks_what_is_stale(basin, store):
    later = compose(basin, store, FROM_MS + 20 * STEP_MS, TO_MS, ISSUED_MS)
    page = render_html(later)
    assert page.count("no data in this period") == 2  # in the summary and in the chart
    assert 'class="stale"' in render_html(compose(basin, store, FROM_MS, TO_MS, ISSUED_MS))


def test_the_notice_of_the_basin_heads_page_and_json(bulletin, basin):
    assert basin.notice["ru"] in render_html(bulletin)
    assert json.loads(render_json(bulletin))["notice"] == basin.notice


def test_the_page_needs_nothing_beside_it(bulletin):
    page = render_html(bulletin)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in page
    assert "<link" not in page


def test_names_are_escaped(basin, store):
    station = basin.station("uchkurgan")
    hostile = replace(station, names={"en": "<script>alert(1)</script>", "ru": '"&'})
    stations = tuple(hostile if each.id == "uchkurgan" else each for each in basin.stations)
    page = render_html(compose(replace(basin, stations=stations), store, FROM_MS, TO_MS, ISSUED_MS))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_written_bulletins_are_listed_newest_issue_first_and_never_replaced(basin, store, tmp_path):
    for issued_ms in (ISSUED_MS, ISSUED_MS + 1000):
        write_bulletin(compose(basin, store, FROM_MS, TO_MS, issued_ms), tmp_path)
    (tmp_path / "other.json").write_text('{"format": "something else"}')
    (tmp_path / "broken.json").write_text("{")
    listed = list_bulletins(tmp_path)
    assert [each.issued_at_ms for each in listed] == [ISSUED_MS + 1000, ISSUED_MS]
    assert all(each.paths.html.is_file() and each.paths.json.is_file() for each in listed)
    assert (listed[0].from_ms, listed[0].to_ms) == (FROM_MS, TO_MS)


def test_a_folder_that_is_not_there_lists_nothing(tmp_path):
    assert list_bulletins(tmp_path / "none") == []
