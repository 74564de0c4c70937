"""VictoriaMetrics as a store: what it answers 204 to is read back, and what it dropped is told."""

import json
from collections.abc import Iterator
from dataclasses import replace
from time import time
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from gateway.batch_lines import BatchLines
from gateway.observations import Revision
from gateway.stores.http_server import HttpServer
from gateway.stores.store import Away, Block, Delivery, Parked, Sent, Unreadable, Written
from gateway.stores.victoria_metrics import connect_victoria
from gateway.stores.victoria_proof import SPAN_LIMIT_MS, STATIONS_LIMIT, Proof
from protocol.messages import encode_data
from protocol.quality import GOOD, MISSING, SUSPECT
from rivergauge.servers import VictoriaMetrics, free_port
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, stage_batch
from tests.fakes.store_proxy import Answer, StoreProxy
from tests.gateway.deliveries import delivery, flag_delivery

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def victoria_metrics(part, tmp_path_factory) -> Iterator[VictoriaMetrics]:
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria"), part("victoria-metrics")) as server:
        yield server


@pytest.fixture
def proxy(victoria_metrics):
    with StoreProxy(victoria_metrics.port) as proxy:
        yield proxy


@pytest.fixture
def store(proxy):
    store = connect_victoria("victoria", proxy.url, "", "")
    yield store
    store.close()


def export(server, match):
    """Return {(metric name, sensor): {time: value}}."""
    urlopen(f"http://127.0.0.1:{server.port}/internal/force_flush", timeout=10).close()
    body = urlencode({"match[]": match}).encode()
    with urlopen(Request(f"http://127.0.0.1:{server.port}/api/v1/export", body), timeout=10) as answer:
        series = [json.loads(line) for line in answer]
    return {
        (each["metric"]["__name__"], each["metric"].get("sensor")): dict(
            zip(each["timestamps"], each["values"], strict=True)
        )
        for each in series
    }


def test_it_gives_back_what_was_written_however_often(victoria_metrics, store):
    for _ in range(2):
        assert store.write([delivery(), flag_delivery()]) == Written()
    series = export(victoria_metrics, '{station="upper"}')
    assert series[("observation_stage_m", "1")] == {START_MS: 0.5, START_MS + 2 * RECORD_EVERY_MS: 2.5}
    assert list(series[("observation_stage_m_quality", "1")].values()) == [1, 9, 1]
    assert list(series[("record_record_no", None)].values()) == [0, 1, 2]
    assert series[("revision_discharge_m3_s", "1")] == {START_MS: 50.0}
    assert series[("flag_active", None)] == {START_MS: 1}


def block(store, count, start_ms, station, revisions=()):
    batch = BatchLines()
    batch.read(encode_data(stage_batch(0, [500 + index for index in range(count)], start_ms=start_ms)))
    sent = Sent("test-basin", station, range(count), batch.reader.times())
    return Block(store.block_of(batch, "test-basin", station, revisions), sent)


def test_whole_batches_are_imported_and_are_the_points_that_lines_give(victoria_metrics, store):
    for _ in range(2):
        blocks = [block(store, 3, START_MS, "imported"), block(store, 2, START_MS, "second")]
        assert store.write_blocks(blocks) == Written()
    written = replace(delivery([500, 501, 502], start_ms=START_MS), station="written", revisions=())
    assert store.write([written]) == Written()
    imported, written = (export(victoria_metrics, f'{{station="{name}"}}') for name in ("imported", "written"))
    assert imported == written
    assert imported[("observation_stage_m", "1")] == {
        START_MS + index * RECORD_EVERY_MS: 0.5 + index / 1000 for index in range(3)
    }
    assert len(export(victoria_metrics, '{station="second"}')[("record_record_no", None)]) == 2


def test_what_was_derived_is_imported_as_the_points_that_lines_give(victoria_metrics, store):
    rated = [
        Revision("test-basin", "rated", 1, "discharge_m3_s", START_MS + index * RECORD_EVERY_MS, value, quality,
                 "rating", 'a "rating", 2', 1, test=index == 2)
        for index, (value, quality) in enumerate([(50.25, GOOD), (None, MISSING), (51.5, SUSPECT)])
    ]  # fmt: skip
    assert store.write_blocks([block(store, 3, START_MS, "rated", rated)]) == Written()
    imported = export(victoria_metrics, '{station="rated"}')
    assert imported[("revision_discharge_m3_s", "1")] == {START_MS: 50.25, START_MS + 2 * RECORD_EVERY_MS: 51.5}
    batch = stage_batch(0, [500, 501, 502], start_ms=START_MS)
    assert store.write([Delivery(1, "test-basin", "rated", 0, batch, (0, 1, 2), tuple(rated))]) == Written()
    assert export(victoria_metrics, '{station="rated"}') == imported


def test_a_batch_that_it_drops_a_record_of_is_left_to_be_written_record_by_record(store):
    ahead_ms = round(time() * 1000) + 2 * DAY_MS - RECORD_EVERY_MS
    blocks = [block(store, 2, START_MS, "past"), block(store, 9, ahead_ms, "ahead")]
    assert store.write_blocks(blocks[:1]) == Written()
    assert store.write_blocks(blocks) is None


def test_with_no_batches_nothing_is_asked(proxy, store):
    assert store.write_blocks([]) == Written()
    assert proxy.requests == []


@pytest.mark.parametrize("start_ms", [lambda: -RECORD_EVERY_MS, lambda: round(time() * 1000) + 3 * DAY_MS],
                         ids=["before 1970", "three days ahead"])  # fmt: skip
def test_what_it_drops_with_204_is_refused_with_the_reason(store, start_ms):
    dropped = delivery([500], seq=3, log_id=30, start_ms=start_ms())
    outcome = store.write([delivery([500], seq=2, log_id=31, start_ms=START_MS + 3), dropped])
    assert [(each.seq, each.record_no) for each in outcome.refused] == [(3, 0)]
    assert "answered 204 and does not have the record" in outcome.refused[0].reason


def test_the_server_that_we_start_looks_for_garbage_as_seldom_as_the_benchmark_says(victoria_metrics):
    with urlopen(f"http://127.0.0.1:{victoria_metrics.port}/metrics", timeout=10) as answer:
        assert b"vm_gogc 100\n" in answer.read()


def test_of_a_batch_only_the_records_that_were_dropped_are_refused(store):
    now_ms = round(time() * 1000)
    start_ms = now_ms + 2 * DAY_MS - 3 * RECORD_EVERY_MS
    outcome = store.write([delivery([500] * 9, seq=4, log_id=32, start_ms=start_ms)])
    refused = [each.record_no for each in outcome.refused]
    assert refused == list(range(refused[0], 9)) and 2 <= refused[0] <= 5


def test_it_says_which_records_of_a_log_it_has(store):
    other = delivery([1] * 3, seq=2, log_id=41, start_ms=START_MS + 5)
    assert store.write([delivery([1] * 9, log_id=40, start_ms=START_MS + 4), other]) == Written()
    found = store.read_records("b", "upper", 40, 3, 5)
    assert found == [(number, START_MS + 4 + number * RECORD_EVERY_MS) for number in (3, 4, 5)]
    assert store.read_records("b", "lower", 40, 0, 9) == []
    assert store.read_records("other", "upper", 40, 0, 9) == []


def test_a_server_that_is_not_there_is_away_and_cannot_be_read():
    store = connect_victoria("victoria", f"http://127.0.0.1:{free_port()}", "", "")
    assert isinstance(store.write([delivery()]), Away)
    with pytest.raises(Unreadable, match="answers None"):
        store.read_records("b", "upper", 7, 0, 9)


@pytest.mark.parametrize("path", ["/internal/force_flush", "/api/v1/export"])
@pytest.mark.parametrize(("status", "outcome"), [(401, Parked), (400, Parked), (503, Away), (429, Away)])
def test_what_cannot_be_read_back_is_not_written(proxy, store, path, status, outcome):
    proxy.rule = lambda request: Answer(status) if request.path == path else None
    assert isinstance(store.write([delivery()]), outcome)
    proxy.rule = lambda _: None
    assert store.write([delivery()]) == Written()


def test_a_url_with_a_wrong_path_needs_a_person_and_makes_no_dead_letters(victoria_metrics):
    store = connect_victoria("victoria", f"http://127.0.0.1:{victoria_metrics.port}/insert", "", "")
    outcome = store.write([delivery()])
    assert isinstance(outcome, Parked) and "check url" in outcome.reason
    block = Block(b"{}", Sent("b", "upper", [0], [START_MS]))
    assert isinstance(store.write_blocks([block]), Parked)


@pytest.mark.parametrize("body", [b"<html>", b'{"metric":{}}', b'{"metric":{"basin":"b","station":"s"},"values":[1]}'])
def test_an_answer_that_is_no_export_proves_nothing(proxy, store, body):
    proxy.rule = lambda request: Answer(200, body) if request.path == "/api/v1/export" else None
    outcome = store.write([delivery()])
    assert isinstance(outcome, Away) and "expected series" in outcome.reason
    with pytest.raises(Unreadable, match="expected series"):
        store.read_records("b", "upper", 7, 0, 9)


def test_a_value_that_was_changed_under_way_is_not_taken_for_the_record(proxy, store):
    def rule(request):
        if request.path != "/api/v1/export":
            return None
        series = json.loads(proxy.pass_on(request).body)
        series["values"][series["timestamps"].index(START_MS + RECORD_EVERY_MS)] = 7
        return Answer(200, json.dumps(series).encode())

    proxy.rule = rule
    outcome = store.write([delivery()])
    assert [each.record_no for each in outcome.refused] == [1]


def sent(station, first_ms, last_ms):
    return Sent("b", station, [1, 2], [first_ms, last_ms])


@pytest.mark.parametrize(
    ("blocks", "requests"),
    [
        ([sent(f"s{number}", START_MS, START_MS + 1) for number in range(STATIONS_LIMIT)], 1),
        ([sent(f"s{number}", START_MS, START_MS + 1) for number in range(STATIONS_LIMIT + 1)], 2),
        ([sent(f"s{number % STATIONS_LIMIT}", START_MS, START_MS + 1) for number in range(2 * STATIONS_LIMIT)], 1),
        ([sent("late", START_MS + SPAN_LIMIT_MS, START_MS + SPAN_LIMIT_MS + 1), sent("s", START_MS, START_MS + 1)], 2),
        ([sent("s", START_MS, START_MS + SPAN_LIMIT_MS), sent("t", START_MS, START_MS + 1)], 1),
        ([sent("s", START_MS, START_MS + 1), sent("t", START_MS, START_MS + SPAN_LIMIT_MS + 1)], 2),
        ([], 0),
    ],
    ids=["as many stations as fit", "one more", "as many twice", "one a week later", "a week together",
         "one of over a week", "none"],
)  # fmt: skip
def test_what_is_close_in_time_is_asked_for_together(proxy, blocks, requests):
    assert Proof(HttpServer(proxy.url, {})).missing(blocks) == [[1, 2]] * len(blocks)
    assert [each.path for each in proxy.requests].count("/api/v1/export") == requests
