"""What the stores are handed of a frame."""

import pytest

from gateway.deliveries import Deliveries
from gateway.entries import DATA, Frame
from protocol.messages import Channel, Column, encode_data
from protocol.variables import MEDIAN, code_of
from tests.fakes.publisher import stage_batch


@pytest.fixture
def deliveries(basin):
    return Deliveries(basin)


def frame(batch, fresh, station="upper"):
    return Frame(DATA, station, 5, b"key", 7, 0, 1, fresh, encode_data(batch), 3)


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


def test_a_frame_that_is_only_owed_a_receipt_brings_nothing(deliveries):
    delivery = deliveries.of(Frame(DATA, "upper", 5, b"key", 7, 0, 1, (), b"", 3))
    assert (delivery.seq, delivery.batch) == (3, None)
