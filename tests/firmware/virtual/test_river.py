"""Rivers from CSV files and the synthetic flood."""

import gzip
from datetime import UTC, datetime

import pytest

from firmware.virtual.host.river import RiverError, read_river, synthetic_flood

MIDNIGHT_MS = 1_535_673_600_000  # 2018-08-31T00:00Z
MINUTE_MS = 60_000


def river_of(tmp_path, text, name="river.csv"):
    path = tmp_path / name
    path.write_text(text)
    return read_river(path)


def test_stage_is_linear_between_rows_and_exact_on_them(tmp_path):
    river = river_of(tmp_path, "time,stage_m\n2018-08-31T00:00Z,1.0\n2018-08-31T00:15Z,1.6\n")
    assert river.stage_m_at(MIDNIGHT_MS) == 1.0
    assert river.stage_m_at(MIDNIGHT_MS + 5 * MINUTE_MS) == pytest.approx(1.2)
    assert river.stage_m_at(MIDNIGHT_MS + 15 * MINUTE_MS) == 1.6
    assert river.stage_m_at(MIDNIGHT_MS - 1) is None
    assert river.stage_m_at(MIDNIGHT_MS + 15 * MINUTE_MS + 1) is None
    assert river.discharge_m3_s_at(MIDNIGHT_MS) is None
    assert not river.is_synthetic


def test_a_gap_is_not_bridged(tmp_path):
    river = river_of(tmp_path, "time,stage_m\n2018-08-31T00:00Z,1.0\n2018-08-31T01:00Z,1.6\n2018-08-31T02:01Z,1.0\n")
    assert river.stage_m_at(MIDNIGHT_MS + 30 * MINUTE_MS) == pytest.approx(1.3)
    assert river.stage_m_at(MIDNIGHT_MS + 61 * MINUTE_MS) is None


@pytest.mark.parametrize("nothing", ["", "NaN", "-9999"])
def test_a_missing_value_is_not_bridged_either(tmp_path, nothing):
    river = river_of(tmp_path, f"time,stage_m\n2018-08-31T00:00Z,1\n2018-08-31T00:15Z,{nothing}\n2018-08-31T00:30Z,1\n")
    minutes_known = [minute for minute in range(31) if river.stage_m_at(MIDNIGHT_MS + minute * MINUTE_MS) is not None]
    assert minutes_known == [0, 30]


def test_usgs_columns_are_converted_from_feet(tmp_path):
    river = river_of(tmp_path, "q_qual,datetime_utc,gage_height_ft,discharge_cfs\ne,2018-08-31T00:00Z,6.63,2270\n")
    assert river.stage_m_at(MIDNIGHT_MS) == pytest.approx(2.020824)
    assert river.discharge_m3_s_at(MIDNIGHT_MS) == pytest.approx(64.279, abs=1e-3)


def test_a_usgs_row_that_was_filled_in_is_missing_whatever_it_says(tmp_path):
    header = "datetime_utc,gage_height_ft,discharge_cfs,q_qual"
    rows = ['2018-08-31T00:00Z,1.5,10,"A,R"', "2018-08-31T00:15Z,1.6,11,hf.missing", "2018-08-31T00:30Z,1.7,12,A"]
    river = river_of(tmp_path, "\n".join([header, *rows]))
    minutes_known = [minute for minute in range(31) if river.stage_m_at(MIDNIGHT_MS + minute * MINUTE_MS) is not None]
    assert minutes_known == [0, 30]
    assert river.discharge_m3_s_at(MIDNIGHT_MS + 15 * MINUTE_MS) is None


def test_a_gzipped_file_is_read_too(tmp_path):
    path = tmp_path / "river.csv.gz"
    path.write_bytes(gzip.compress(b"time,stage_m\n2018-08-31T02:00+02:00,1.5\n"))
    assert read_river(path).stage_m_at(MIDNIGHT_MS) == 1.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("when,level\n", "line 1: found the columns when,level; expected time,stage_m", id="other columns"),
        pytest.param(
            "time,gage_height_ft\n", "line 1: found the columns time,gage_height_ft", id="columns of two layouts"
        ),
        pytest.param("", r"line 1: found the columns \(none\)", id="empty file"),
        pytest.param("time,stage_m\n", "no rows below line 1", id="no rows"),
        pytest.param("time,stage_m\nnoon,1\n", "line 2: found the time 'noon'; expected one like", id="no time"),
        pytest.param(
            "time,stage_m\n2018-08-31,1\n2018-09-01,high\n",
            "line 3: found stage_m 'high'; expected a number",
            id="no number",
        ),
        pytest.param("time,stage_m\n2018-08-31,inf\n", "line 2: found stage_m 'inf'", id="infinite"),
        pytest.param("time,stage_m\n2018-08-31,1\n2018-08-31,1\n", "line 3: .*expected one later", id="time repeated"),
        pytest.param("time,stage_m\n2018-08-31\n", "line 2: found 1 values; expected 2", id="short row"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_line_and_expectation(tmp_path, text, said):
    with pytest.raises(RiverError, match=said) as refused:
        river_of(tmp_path, text)
    assert "river.csv" in str(refused.value)


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08broken", b"time,stage_m\n"], ids=["broken gzip", "not gzip"])
def test_a_file_that_cannot_be_unpacked_is_refused(tmp_path, content):
    path = tmp_path / "river.csv.gz"
    path.write_bytes(content)
    with pytest.raises(RiverError, match="cannot be read"):
        read_river(path)


def test_a_real_flood_peaks_where_the_record_says(shared_data):
    river = read_river(shared_data("usgs/usgs_01581752_plumtree_run_2016_2018_15min.csv.gz"))
    start_ms = int(datetime(2018, 8, 30, tzinfo=UTC).timestamp() * 1000)
    stages_m = [river.stage_m_at(start_ms + quarter * 15 * MINUTE_MS) for quarter in range(384)]
    assert max(stages_m) == pytest.approx(6.63 * 0.3048)


def test_the_synthetic_flood_rises_within_two_hours_recedes_and_says_that_it_is_synthetic():
    river = synthetic_flood(MIDNIGHT_MS)
    stages_m = [river.stage_m_at(MIDNIGHT_MS + minute * MINUTE_MS) for minute in range(0, 24 * 60)]
    peak_minute = stages_m.index(max(stages_m))
    assert river.is_synthetic
    assert stages_m[0] == pytest.approx(0.5, abs=0.05)
    assert max(stages_m) == pytest.approx(2.5, abs=0.05)
    assert 90 <= peak_minute <= 120
    assert stages_m[-1] < 0.6


def test_synthetic_floods_of_stations_downstream_come_later_and_lower():
    upstream, downstream = synthetic_flood(MIDNIGHT_MS), synthetic_flood(MIDNIGHT_MS, 40 * MINUTE_MS, rise_m=1.0)
    assert upstream.stage_m_at(MIDNIGHT_MS + 110 * MINUTE_MS) == pytest.approx(2.5, abs=0.05)
    assert downstream.stage_m_at(MIDNIGHT_MS + 150 * MINUTE_MS) == pytest.approx(1.5, abs=0.05)
