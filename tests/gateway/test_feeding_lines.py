"""Whole batches go to a store as they are; what is refused there is narrowed down one by one."""

import pytest

from gateway.batch_lines import BatchLines
from gateway.deliveries import Deliveries
from gateway.entries import DATA, Frame
from gateway.stores.answers import INFLUXDB_MEANINGS, Answer
from gateway.stores.influxdb import connect_v1
from gateway.stores.line_writer import LineWriter
from gateway.stores.store import Away, Parked, Sent
from gateway.stores.victoria_metrics import connect_victoria
from protocol.messages import encode_data
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, stage_batch


class Server:
    """Answers each request with the next status, the last one for ever; keeps the bodies."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.bodies = []

    def post(self, body):
        self.bodies.append(body)
        return Answer(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])


def writer(server, now_s=lambda: 0.0):
    return LineWriter("name", "url", server.post, INFLUXDB_MEANINGS, now_s)


def frame(station="lower", fresh=(0, 1), count=2):
    return Frame(
        DATA,
        station,
        START_MS + 86_400_000,
        b"key",
        7,
        0,
        count - 1,
        fresh,
        encode_data(stage_batch(0, [500] * count)),
        1,
    )


@pytest.mark.parametrize(
    ("store", "lines"),
    [(connect_v1("influx", "http://127.0.0.1:1", "river", "", ""), (4, 6)),
     (connect_victoria("victoria", "http://127.0.0.1:1", "", ""), (9, 12))],
    ids=["a line for each record, sensor and rated discharge", "series"],
)  # fmt: skip
def test_a_whole_batch_is_a_block_with_its_rated_discharge_and_any_other_is_not(basin, store, lines):
    deliveries, batch = Deliveries(basin), BatchLines()
    plain, rated = (deliveries.block_of(frame(station), batch, store) for station in ("lower", "upper"))
    assert (plain.text.count(b"\n"), rated.text.count(b"\n")) == lines
    assert plain.sent == Sent(basin.code, "lower", range(2), [START_MS, START_MS + RECORD_EVERY_MS])
    assert b"revision" in rated.text and b"discharge_m3_s" in rated.text
    assert deliveries.block_of(frame(fresh=(1,)), batch, store) is None


@pytest.mark.parametrize(
    ("status", "outcome"), [(204, True), (400, False), (401, Parked), (503, Away), (200, Away), (None, Away)]
)
def test_what_a_server_says_of_lines(status, outcome):
    server = Server(status)
    found = writer(server).write_blocks([b"a\n", b"b\n"])
    assert found is outcome or type(found) is outcome
    assert server.bodies == [b"a\nb\n"]


def test_lines_are_parted_into_requests_of_a_bounded_size():
    server = Server(204)
    assert writer(server).write_blocks([bytes(400_000)] * 7) is True
    assert [len(body) for body in server.bodies] == [1_200_000, 1_200_000, 400_000]


def test_a_write_that_goes_on_for_too_long_is_given_up_and_tried_again():
    server, now_s = Server(204), iter((0.0, 10.0, 59.0, 61.0))
    outcome = writer(server, lambda: next(now_s)).write_blocks([bytes(1_000_000)] * 7)
    assert isinstance(outcome, Away) and "slow" in outcome.reason
    assert len(server.bodies) == 2
