"""What the stores are handed of a frame."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.batch_lines import BatchLines
from gateway.deliveries import Deliveries
from gateway.entries import DATA, Frame
from gateway.hydro.discharge import RULE
from gateway.observations import NO_RATING
from gateway.plausibility import AHEAD, AHEAD_ALLOWANCE_MS, BEFORE_COMMISSIONING, TIME_RULES
from gateway.stores.victoria_metrics import connect_victoria
from protocol.messages import Channel, Column, encode_data
from protocol.quality import FAIL, GOOD, MISSING, SUSPECT
from protocol.variables import MEDIAN, code_of
from tests.fakes.publisher import NOW_MS, RECORD_EVERY_MS, START_MS, stage_batch


@pytest.fixture
def deliveries(basin):
    return Deliveries(basin)


def frame(batch, fresh, station="upper"):
    return Frame(DATA, station, NOW_MS, b"key", 7, 0, 1, fresh, encode_data(batch), 3)


def test_of_two_sensors_the_one_of_the_lowest_number_is_rated(deliveries):
    batch = stage_batch(0, [500, 600])
    second = Column(Channel(2, code_of("stage_m"), MEDIAN, 0, -3), [1500, 1600])
    batch.columns.insert(0, second)
    revisions = deliveries.of(frame(batch, (0, 1))).revisions
    assert [(each.sensor, each.value) for each in revisions] == [(1, 50.0), (1, 60.0)]


def test_only_fresh_records_are_rated(deliveries):
    revisions = deliveries.of(frame(stage_batch(0, [500, 600]), (1,))).revisions
    assert [each.value for each in revisions] == [60.0]


def test_a_station_without_a_rating_has_no_discharge(deliveries):
    assert deliveries.of(frame(stage_batch(0, [500]), (0,), "lower")).revisions == ()


def doubted(delivery):
    return [
        (each.variable, each.value, each.quality, each.rule, each.rating)
        for each in delivery.revisions
        if each.rule in TIME_RULES
    ]


def test_the_values_of_a_record_from_ahead_are_doubted_and_the_raw_ones_stay(deliveries):
    batch = stage_batch(0, [500, 600, None, 700], qualities={3: FAIL})
    now_ms = START_MS + AHEAD_ALLOWANCE_MS
    delivery = deliveries.of(frame(batch, (0, 1, 2, 3))._replace(last_no=3, received_at_ms=now_ms))
    assert doubted(delivery) == [
        ("stage_m", 0.6, SUSPECT, AHEAD, NO_RATING),
        ("stage_m", 0.7, FAIL, AHEAD, NO_RATING),
        *[("distance_m_count", 7.0, SUSPECT, AHEAD, NO_RATING)] * 3,
        ("discharge_m3_s", 60.0, SUSPECT, AHEAD, "upper-test-1"),
        ("discharge_m3_s", 70.0, FAIL, AHEAD, "upper-test-1"),
    ]
    assert delivery.batch.columns[0].qualities == {3: FAIL}
    assert [each.quality for each in delivery.revisions if each.rule == RULE] == [GOOD, GOOD, MISSING, FAIL]


def test_a_record_from_before_the_station_was_there_is_doubted(basin):
    since = datetime.fromtimestamp((START_MS + RECORD_EVERY_MS) / 1000, UTC)
    lower = replace(basin.station("lower"), commissioned=since)
    deliveries = Deliveries(replace(basin, stations=(lower,)))
    delivery = deliveries.of(frame(stage_batch(0, [500, 600]), (0, 1), "lower"))
    assert doubted(delivery) == [
        ("stage_m", 0.5, SUSPECT, BEFORE_COMMISSIONING, NO_RATING),
        ("distance_m_count", 7.0, SUSPECT, BEFORE_COMMISSIONING, NO_RATING),
    ]


def test_a_batch_with_a_doubted_time_is_not_written_in_one_block(deliveries):
    whole = frame(stage_batch(0, [500, 600]), (0, 1), "lower")
    store = connect_victoria("victoria", "http://127.0.0.1:1", "", "")
    assert deliveries.block_of(whole, BatchLines(), store) is not None
    assert deliveries.block_of(whole._replace(received_at_ms=START_MS), BatchLines(), store) is None


def test_a_frame_that_is_only_owed_a_receipt_brings_nothing(deliveries):
    delivery = deliveries.of(Frame(DATA, "upper", 5, b"key", 7, 0, 1, (), b"", 3))
    assert (delivery.seq, delivery.batch) == (3, None)
