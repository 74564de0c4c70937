"""A store down, slow, or answering what no one wants: it holds neither the other store nor the journal back.

The real server stands behind a proxy that answers by a rule for a while. Each row ends with every record once in both
stores, but for those that the server refused for good: these are dead letters.
"""

from dataclasses import dataclass, replace
from threading import Event
from time import sleep
from urllib.request import Request, urlopen

import pytest

from gateway.settings import InfluxSettings
from rivergauge.servers import InfluxDB, VictoriaMetrics
from tests.fakes.publisher import START_MS, stage_batch
from tests.fakes.store_proxy import Answer, StoreProxy
from tests.gateway.accounting import (
    assert_embedded_has,
    assert_sums_hold,
    names,
    stored_in_embedded,
    stored_in_influxdb,
    stored_in_victoria_metrics,
)

RECORDS = 40
SLOW_S = 0.3
ROW_APART_MS = 1000  # each row has instants of its own, as all share a server


@pytest.fixture(scope="module")
def influxdb(part, tmp_path_factory):
    with InfluxDB(tmp_path_factory.mktemp("influxdb"), part("influxd")) as server:
        query = f"http://127.0.0.1:{server.port}/query?q=CREATE+DATABASE+river"
        urlopen(Request(query, method="POST"), timeout=10).close()
        yield server


@pytest.fixture(scope="module")
def victoria_metrics(part, tmp_path_factory):
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria"), part("victoria-metrics")) as server:
        yield server


@dataclass
class Behind:
    """A real server behind a proxy."""

    real: InfluxDB | VictoriaMetrics
    proxy: StoreProxy
    settings: InfluxSettings
    stored: object  # a function that returns the names it has


@pytest.fixture(params=["InfluxDB 1.6", "VictoriaMetrics"])
def server(request):
    if request.param == "VictoriaMetrics":
        real = request.getfixturevalue("victoria_metrics")
        with StoreProxy(real.port) as proxy:
            settings = InfluxSettings("second", "victoriametrics", proxy.url)
            yield Behind(real, proxy, settings, lambda: stored_in_victoria_metrics(real.port))
    else:
        real = request.getfixturevalue("influxdb")
        with StoreProxy(real.port) as proxy:
            settings = InfluxSettings("second", "influxdb1", proxy.url, "river")
            yield Behind(real, proxy, settings, lambda: stored_in_influxdb(real.port, "river"))


def first_writes(count, answer):
    """Return the rule that answers the first writes so."""
    left = [answer] * count
    return lambda request: left.pop() if request.is_write and left else None


def slow(request):
    sleep(SLOW_S)


def at_most_ten_lines(request):
    return Answer(413) if len(request.lines) > 10 or request.has_series else None


# What makes the rule, and what the server says of it in the log (nothing where it is no complaint).
FAULTS = {
    "store slow": (lambda: slow, ""),
    "store answering 413": (lambda: at_most_ten_lines, ""),
    "store answering 429": (lambda: first_writes(2, Answer(429, b"", {"Retry-After": "0"})), "answers 429"),
    "store answering 500": (lambda: first_writes(2, Answer(500, b"internal")), "answers 500: internal"),
    "store answering 503": (lambda: first_writes(2, Answer(503)), "answers 503"),
}


@pytest.mark.parametrize(("make_rule", "said"), FAULTS.values(), ids=FAULTS)
def test_a_store_that_is_out_of_sorts_gets_every_record_once(bench, until, caplog, server, make_rule, said):
    server.proxy.rule = make_rule()
    log_id = begin(bench, server)
    service = bench.start()
    with bench.station("upper") as upper:
        send(bench, upper, log_id, range(RECORDS))
        until(lambda: bench.store.count_records("upper", 0, 2**62) == RECORDS, "the embedded store has all")
        assert upper.has_receipts(log_id, 0, RECORDS - 1)
        until(service.is_idle, "the gateway is idle")
    assert said in caplog.text
    assert_both_have(bench, service, server, names("upper", log_id, range(RECORDS)))


REFUSALS = {
    "half a batch bad, answered 400": 400,
    "half a batch bad, answered 422": 422,
}


@pytest.mark.parametrize("status", REFUSALS.values(), ids=REFUSALS)
def test_of_a_batch_that_is_half_bad_the_other_half_is_stored_and_the_bad_half_is_dead(bench, until, server, status):
    server.proxy.rule = lambda request: Answer(status, b"bad") if is_bad(request) else None
    log_id = begin(bench, server)
    service = bench.start()
    with bench.station("upper") as upper:
        send(bench, upper, log_id, range(RECORDS))
        assert upper.has_receipts(log_id, 0, RECORDS - 1), "a dead record is accounted for, so it may be freed"
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert (counts["records_stored"], counts["records_dead"]) == (RECORDS // 2, RECORDS // 2)
    assert_sums_hold(counts)
    assert stored_in_embedded(bench.settings.embedded.path) == names("upper", log_id, range(RECORDS))
    assert of_log(server, log_id) == names("upper", log_id, range(0, RECORDS, 2))
    letters = service.journal.dead_letters()
    assert [letter.record_no for letter in letters] == list(range(1, RECORDS, 2))
    assert all(f"second: {status} bad" in letter.reason for letter in letters)


def is_bad(request):
    """Tell whether there is a record of an odd number in it, as there is in every batch."""
    numbers = [line.partition(b"record_no=")[2].partition(b"i")[0] for line in request.lines]
    return request.has_series or any(int(number) % 2 for number in numbers if number)


def test_a_store_answering_401_is_parked_until_a_person_acts_and_then_gets_every_record_once(
    bench, until, caplog, server
):
    server.proxy.rule = lambda request: Answer(401, b"unauthorized") if request.is_write else None
    log_id = begin(bench, server)
    service = bench.start()
    with bench.station("upper") as upper:
        send(bench, upper, log_id, range(RECORDS))
        until(lambda: "needs a person" in caplog.text, "it is said")
        until(lambda: bench.store.count_records("upper", 0, 2**62) == RECORDS, "the embedded store has all")
        assert service.counts()["records_pending"] == RECORDS
        assert not upper.receipted
        bench.stop(service)
        server.proxy.rule = lambda _: None
        service = bench.start()
        assert upper.has_receipts(log_id, 0, RECORDS - 1)
        until(service.is_idle, "the gateway is idle")
    assert_both_have(bench, service, server, names("upper", log_id, range(RECORDS)))


def test_a_store_down_for_longer_than_the_run_gets_every_record_once_in_the_next(bench, until, caplog, server):
    url = server.settings.url
    log_id = begin(bench, server, url="http://127.0.0.1:1")
    service = bench.start()
    with bench.station("upper") as upper:
        send(bench, upper, log_id, range(RECORDS // 2))
        until(lambda: bench.store.count_records("upper", 0, 2**62) == RECORDS // 2, "the embedded store has all")
        until(lambda: "cannot be reached" in caplog.text, "it is said")
        bench.stop(service)
        begin(bench, server, url=url)
        service = bench.start()
        send(bench, upper, log_id, range(RECORDS // 2, RECORDS))
        assert upper.has_receipts(log_id, 0, RECORDS - 1)
        until(service.is_idle, "the gateway is idle")
    assert_both_have(bench, service, server, names("upper", log_id, range(RECORDS)))


def test_a_store_that_never_answers_a_write_holds_no_receipt_of_the_other_back_but_its_own(bench, until, server):
    is_over = Event()
    server.proxy.rule = lambda request: (is_over.wait(20), None)[1] if request.is_write else None
    log_id = begin(bench, server)
    service = bench.start()
    with bench.station("upper") as upper:
        send(bench, upper, log_id, range(RECORDS))
        until(lambda: bench.store.count_records("upper", 0, 2**62) == RECORDS, "the embedded store has all")
        assert not upper.receipted, "a receipt was given before every store had the record"
        is_over.set()
        assert upper.has_receipts(log_id, 0, RECORDS - 1)
        until(service.is_idle, "the gateway is idle")
    assert_both_have(bench, service, server, names("upper", log_id, range(RECORDS)))


def test_a_store_killed_after_its_receipts_were_given_has_every_record_once_in_the_end(
    bench, until, server, monkeypatch
):
    monkeypatch.setattr("gateway.rewriting.EVERY_S", 0.2)
    sleep(1.1)  # a server tells its start in whole seconds
    log_id = begin(bench, server)
    service = bench.start()
    with bench.station("upper") as upper:
        send(bench, upper, log_id, range(RECORDS))
        assert upper.has_receipts(log_id, 0, RECORDS - 1)
        until(service.is_idle, "the gateway is idle")
        server.real.kill()
        server.real.start()
        expected = names("upper", log_id, range(RECORDS))
        until(lambda: of_log(server, log_id) == expected, "the store has all of it again")
    assert_both_have(bench, service, server, expected)


def test_a_journal_lost_where_the_server_is_the_only_store_is_rebuilt_from_it(bench, until, server):
    log_id = begin(bench, server)
    bench.settings = replace(bench.settings, stores=(server.settings,))
    start_ms = START_MS + log_id * ROW_APART_MS
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(1, [500] * 9, log_id=log_id, start_ms=start_ms))
        assert upper.has_receipts(log_id, 1, 9)
        bench.stop(service)
        for path in bench.folder.glob("journal.sqlite*"):
            path.unlink()
        service = bench.start()
        upper.publish(stage_batch(8, [500] * 6, log_id=log_id, start_ms=start_ms, oldest_held=12, receipted=12))
        assert upper.has_receipts(log_id, 8, 13)
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert (counts["records_duplicate"], counts["records_stored"]) == (2, 4)
    assert counts["records_lost_after_receipt"] == 0
    assert_sums_hold(counts)
    assert of_log(server, log_id) == names("upper", log_id, range(1, 14))


log_ids = iter(range(1, 1000))


def begin(bench, server, **changes):
    """Give the gateway the second store; return a log id that no row before had."""
    second = replace(server.settings, **changes)
    bench.settings = replace(bench.settings, stores=(bench.settings.embedded, second))
    return next(log_ids)


def send(bench, upper, log_id, numbers):
    for first_no in numbers[::4]:
        upper.publish(stage_batch(first_no, [500] * 4, log_id=log_id, start_ms=START_MS + log_id * ROW_APART_MS))


def of_log(server, log_id):
    return [name for name in server.stored() if name[1] == log_id]


def assert_both_have(bench, service, server, expected):
    assert_embedded_has(bench.settings.embedded.path, expected, service.counts())
    assert of_log(server, expected[0][1]) == expected
    assert service.journal.dead_letters() == []
