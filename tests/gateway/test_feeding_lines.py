"""Whole batches go to a line store as they are; what is refused there is narrowed down one by one."""

import pytest

from gateway.deliveries import Deliveries
from gateway.entries import DATA, Frame
from gateway.stores.influxdb import Answer, InfluxStore
from gateway.stores.store import Away, Parked, Written
from protocol.messages import encode_data
from tests.fakes.publisher import stage_batch


class Server:
    """Answers each request with the next status, the last one for ever; keeps the bodies."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.bodies = []

    def post(self, body):
        self.bodies.append(body)
        return Answer(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])


def frame(station="lower", fresh=(0, 1), count=2):
    return Frame(DATA, station, 5, b"key", 7, 0, count - 1, fresh, encode_data(stage_batch(0, [500] * count)), 1)


def test_a_whole_batch_is_lines_and_any_other_is_not(basin):
    deliveries = Deliveries(basin)
    assert deliveries.lines_of(frame()).count(b"\n") == 4
    assert deliveries.lines_of(frame(fresh=(1,))) is None
    assert deliveries.lines_of(frame("upper")) is None, "the discharge of a rated station would be missing"


@pytest.mark.parametrize(
    ("status", "kind"), [(204, Written), (400, type(None)), (401, Parked), (503, Away), (None, Away)]
)
def test_what_a_server_says_of_lines(status, kind):
    server = Server(status)
    assert isinstance(InfluxStore("name", "url", server.post).write_lines([b"a\n", b"b\n"]), kind)
    assert server.bodies == [b"a\nb\n"]


def test_lines_are_parted_into_requests_of_a_bounded_size():
    server = Server(204)
    assert InfluxStore("name", "url", server.post).write_lines([bytes(400_000)] * 7) == Written()
    assert [len(body) for body in server.bodies] == [1_200_000, 1_200_000, 400_000]
