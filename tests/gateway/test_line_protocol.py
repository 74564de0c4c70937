"""Line protocol, letter by letter."""

from gateway.observations import Flag, Revision
from gateway.stores.line_protocol import lines_of
from gateway.stores.store import Delivery
from protocol.quality import MISSING
from tests.fakes.publisher import START_MS, stage_batch


def texts(delivery):
    return [line.text for line in lines_of(delivery)]


def test_a_record_becomes_a_line_of_its_own_and_one_for_each_sensor():
    batch = stage_batch(0, [1234, None])
    lines = list(lines_of(Delivery(5, "basin", "upper", 99, batch, (0, 1))))
    assert [line.text for line in lines] == [
        "record,basin=basin,station=upper log_id=7i,record_no=0i,configuration_no=1i,clock_quality=0i,test=0i"
        f" {START_MS}",
        "record,basin=basin,station=upper log_id=7i,record_no=1i,configuration_no=1i,clock_quality=0i,test=0i"
        f" {START_MS + 900_000}",
        "observation,basin=basin,station=upper,sensor=1 stage_m=1.234,stage_m_quality=1i,"
        f"distance_m_count=7.0,distance_m_count_quality=1i {START_MS}",
        "observation,basin=basin,station=upper,sensor=1 stage_m_quality=9i,"
        f"distance_m_count=7.0,distance_m_count_quality=1i {START_MS + 900_000}",
    ]
    assert [(line.seq, line.record_no) for line in lines] == [(5, 0), (5, 1), (5, 0), (5, 1)]


def test_only_fresh_records_are_written():
    assert len(texts(Delivery(5, "basin", "upper", 99, stage_batch(0, [1, 2, 3]), (2,)))) == 2


def test_when_it_was_received_makes_no_difference():
    batch = stage_batch(0, [1, 2])
    early, late = (texts(Delivery(seq, "basin", "upper", at_ms, batch, (0, 1))) for seq, at_ms in ((1, 5), (9, 77)))
    assert early == late


def test_names_are_escaped_and_end_in_no_backslash():
    batch = stage_batch(0, [1])
    revision = Revision(
        "basin", "upper", 1, "discharge_m3_s", START_MS, None, MISSING, "rating", "a, b=c\\", 1
    )  # fmt: skip
    line = texts(Delivery(1, "basin", "upper", 0, batch, (0,), (revision,)))[-1]
    assert line == (
        "revision,basin=basin,station=upper,sensor=1,rule=rating,rating=a\\,\\ b\\=c,revision=1"
        f" discharge_m3_s_quality=9i,test=0i {START_MS}"
    )


def test_the_clearing_of_a_flag_is_a_point_beside_its_raising():
    def flag(state, cleared_at_ms):
        return Flag(
            "basin", "upper", "watch", "level", "stage_m", "above", state, 1, 2, cleared_at_ms, 1.5, 3, 1.0, 0.8, "us"
        )

    raised, cleared = (
        texts(Delivery(1, "basin", "upper", 0, flag=each))[0] for each in (flag("raised", None), flag("cleared", 9))
    )
    fields = "first_detected_at_ms=1i,raised_at_ms=2i,peak=1.5,peak_at_ms=3i,raise_value=1.0,clear_value=0.8"
    series = "flag,basin=basin,station=upper,threshold=watch,kind=level,variable=stage_m"
    assert (raised, cleared) == (f"{series} active=1i,{fields} 3", f"{series} active=0i,{fields} 9")
