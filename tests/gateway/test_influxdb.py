"""InfluxDB as a store: 1.6 for real; 2.x and 3, which are not at hand, by what their documentation says they answer."""

import json
from collections.abc import Iterator
from time import time
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen

import pytest

from gateway.stores.influxdb import connect_v1, connect_v2, connect_v3
from gateway.stores.store import Away, Parked, Unreadable, Written
from protocol.messages import Channel, Column
from protocol.quality import NOT_SCHEDULED
from protocol.variables import INSTANT, code_of
from rivergauge.servers import InfluxDB, free_port
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS
from tests.fakes.store_proxy import Answer, StoreProxy
from tests.gateway.deliveries import delivery, flag_delivery


@pytest.fixture(scope="module")
def influxdb(part, tmp_path_factory) -> Iterator[InfluxDB]:
    with InfluxDB(tmp_path_factory.mktemp("influxdb"), part("influxd")) as server:
        ask(server, "CREATE DATABASE river")
        yield server


def ask(server, query):
    """Return the rows of an InfluxQL query as dictionaries."""
    body = urlencode({"db": "river", "q": query, "epoch": "ms"}).encode()
    with urlopen(Request(f"http://127.0.0.1:{server.port}/query", body), timeout=10) as answer:
        series = json.load(answer)["results"][0].get("series", [])
    return [dict(zip(each["columns"], row, strict=True)) for each in series for row in each["values"]]


def test_influxdb_1_gives_back_what_was_written_however_often(influxdb):
    store = connect_v1("influxdb", f"http://127.0.0.1:{influxdb.port}", "river", "", "")
    for _ in range(2):
        assert store.write([delivery(), flag_delivery()]) == Written()
    observations = ask(influxdb, "SELECT * FROM observation ORDER BY time")
    assert [(row["time"], row["stage_m"], row["stage_m_quality"]) for row in observations] == [
        (START_MS, 0.5, 1), (START_MS + RECORD_EVERY_MS, None, 9), (START_MS + 2 * RECORD_EVERY_MS, 2.5, 1),
    ]  # fmt: skip
    assert (observations[0]["basin"], observations[0]["station"], observations[0]["sensor"]) == ("b", "upper", "1")
    records = ask(influxdb, "SELECT log_id, record_no, configuration_no FROM record")
    assert [(row["log_id"], row["record_no"], row["configuration_no"]) for row in records] == [
        (7, 0, 1),
        (7, 1, 1),
        (7, 2, 1),
    ]
    (revision,) = ask(influxdb, "SELECT * FROM revision")
    assert (revision["discharge_m3_s"], revision["rating"], revision["rule"], revision["revision"]) == (
        50.0,
        "r 1",
        "rating",
        "1",
    )
    (flag,) = ask(influxdb, "SELECT * FROM flag")
    assert (flag["active"], flag["peak"], flag["threshold"]) == (1, 1.2, "watch")


def test_a_line_that_influxdb_refuses_is_found_and_the_rest_is_written(influxdb):
    address = f"http://127.0.0.1:{influxdb.port}"
    # InfluxDB holds a field to its first type: after this no number is taken as battery_v in the same days.
    text_first = f'observation,station=other battery_v="low" {START_MS}'.encode()
    urlopen(Request(f"{address}/write?db=river&precision=ms", text_first), timeout=10).close()
    mixed = delivery([1] * 20, seq=5, log_id=99, start_ms=START_MS + 1)
    only_third = [None] * 3 + [12] + [None] * 16
    not_scheduled = {index: NOT_SCHEDULED for index in range(20) if index != 3}
    mixed.batch.columns.append(Column(Channel(1, code_of("battery_v"), INSTANT, 0, 0), only_third, not_scheduled))
    outcome = connect_v1("influxdb", address, "river", "", "").write([mixed])
    assert [(each.seq, each.record_no) for each in outcome.refused] == [(5, 3)]
    assert "field type conflict" in outcome.refused[0].reason
    numbers = [row["record_no"] for row in ask(influxdb, "SELECT log_id, record_no FROM record") if row["log_id"] == 99]
    assert numbers == list(range(20))


@pytest.mark.parametrize("connect", [connect_v1, connect_v2], ids=["1.x", "v2"])
def test_a_server_that_is_not_there_is_away(connect):
    port = free_port()
    store = connect("influxdb", f"http://127.0.0.1:{port}", "river", "", "")
    outcome = store.write([delivery()])
    assert isinstance(outcome, Away)
    assert f"127.0.0.1:{port}" in outcome.reason


def test_a_database_that_is_missing_needs_a_person(influxdb):
    store = connect_v1("influxdb", f"http://127.0.0.1:{influxdb.port}", "no-such-database", "", "")
    outcome = store.write([delivery()])
    assert isinstance(outcome, Parked)
    assert "404" in outcome.reason


def test_a_conflict_of_types_and_a_time_before_the_retention_are_refused_and_the_rest_is_read_back(influxdb):
    ask(influxdb, "CREATE DATABASE short WITH DURATION 365d")
    store = connect_v1("influxdb", f"http://127.0.0.1:{influxdb.port}", "short", "", "")
    now_ms = round(time() * 1000)
    outcome = store.write([delivery([1], seq=1), delivery([1, 2], seq=2, log_id=8, start_ms=now_ms)])
    assert [(each.seq, each.record_no) for each in outcome.refused] == [(1, 0)]
    assert "retention policy" in outcome.refused[0].reason
    assert store.read_records("b", "upper", 8, 0, 9) == [(0, now_ms), (1, now_ms + RECORD_EVERY_MS)]
    assert store.read_records("b", "upper", 7, 0, 9) == []


def test_influxdb_1_says_which_records_of_a_log_it_has(influxdb):
    store = connect_v1("influxdb", f"http://127.0.0.1:{influxdb.port}", "river", "", "")
    assert store.write([delivery([1] * 9, log_id=21, start_ms=START_MS + 2)]) == Written()
    found = store.read_records("b", "upper", 21, 3, 5)
    assert found == [(number, START_MS + 2 + number * RECORD_EVERY_MS) for number in (3, 4, 5)]
    assert store.read_records("b", "lower", 21, 0, 9) == []
    assert store.read_records("other", "upper", 21, 0, 9) == []


def test_a_store_that_cannot_be_read_says_so(influxdb):
    gone = connect_v1("influxdb", f"http://127.0.0.1:{free_port()}", "river", "", "")
    with pytest.raises(Unreadable, match="/query answers None"):
        gone.read_records("b", "upper", 7, 0, 9)
    nameless = connect_v1("influxdb", f"http://127.0.0.1:{influxdb.port}", "no-such-database", "", "")
    with pytest.raises(Unreadable, match="database not found"):
        nameless.read_records("b", "upper", 7, 0, 9)


# What is written where, and who says so: the documented API of each version.
KINDS = {
    "1.x": (connect_v1, ("river", "gateway", "secret"), "/write?db=river&precision=ms", "Basic Z2F0ZXdheTpzZWNyZXQ="),
    "2.x": (connect_v2, ("river", "org", "secret"), "/api/v2/write?org=org&bucket=river&precision=ms", "Token secret"),
    "3": (connect_v3, ("river", "secret"), "/api/v2/write?org=&bucket=river&precision=ms", "Token secret"),
}


@pytest.fixture
def server():
    with StoreProxy() as proxy:
        yield proxy


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def store(server, kind):
    connect, arguments, *_ = KINDS[kind]
    store = connect("influxdb", server.url, *arguments)
    yield store
    store.close()


def of_writes(answer):
    """Return the rule by which every write is answered so."""
    return lambda request: answer if request.lines else None


def test_it_writes_as_the_version_documents(server, store, kind):
    assert store.write([delivery([1])]) == Written()
    _, _, path, authorization = KINDS[kind]
    (request,) = server.requests
    assert request.path == path
    assert request.headers["Authorization"] == authorization


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Parked), (403, Parked), (404, Parked), (429, Away), (500, Away), (502, Away), (503, Away), (418, Away),
    ],
)  # fmt: skip
def test_what_a_status_means(server, store, status, outcome):
    server.rule = of_writes(Answer(status))
    assert isinstance(store.write([delivery()]), outcome)


def test_200_is_not_what_influxdb_1_answers_when_it_has_written(server):
    server.rule = of_writes(Answer(200))
    assert isinstance(connect_v1("influxdb", server.url, "river", "", "").write([delivery()]), Away)


def test_the_server_says_how_long_to_wait(server, store):
    server.rule = of_writes(Answer(429, headers={"Retry-After": "7"}))
    assert store.write([delivery()]).retry_after_s == 7


def refusal(kind, lines, status):
    """Return how a version answers a request with lines that it does not take, and whether it writes the others."""
    if kind == "3":
        data = [{"original_line": line.decode(), "line_number": 1, "error_message": "invalid"} for line in lines]
        body = json.dumps({"error": "partial write of line protocol occurred", "data": data})
        return Answer(status, body.encode()), True
    return Answer(status, b'{"error":"partial write: ... dropped=1"}'), kind == "1.x" or status == 422


@pytest.mark.parametrize("status", [400, 422])
def test_one_bad_record_is_refused_and_all_others_are_taken(server, store, kind, status):
    def rule(request):
        bad = [line for line in request.lines if b"record_no=2i" in line]
        if not bad:
            return None
        answer, are_others_written = refusal(kind, bad, status)
        if are_others_written:
            server.taken.update(set(request.lines) - set(bad))
        return answer

    server.rule = rule
    outcome = store.write([delivery([1] * 50)])
    assert [(each.seq, each.record_no) for each in outcome.refused] == [(1, 2)]
    assert outcome.refused[0].reason.startswith(f"influxdb: {status} ")
    assert len(server.taken) == 100  # 50 records, 50 observations, 1 revision: all but the bad line


def test_a_batch_that_is_too_large_is_halved(server, store):
    server.rule = lambda request: Answer(413) if len(request.lines) > 10 else None
    assert store.write([delivery([1] * 50)]) == Written()
    assert len(server.taken) == 101


def test_a_flag_that_is_refused_holds_nothing_back_and_is_told(server, store, caplog):
    server.rule = lambda request: Answer(400, b"no flags") if any(b"flag," in line for line in request.lines) else None
    assert store.write([delivery([1]), flag_delivery()]) == Written()
    assert "a flag is not in the store" in caplog.text
    assert len(server.taken) == 3


ROWS = {"results": [{"statement_id": 0, "series": [{"name": "record", "columns": ["time", "record_no"], "values": [
    [START_MS, 4], [START_MS + 1, 5]]}]}]}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (Answer(200, json.dumps(ROWS).encode()), [(4, START_MS), (5, START_MS + 1)]),
        (Answer(200, b'{"results":[{"statement_id":0}]}'), []),
        (Answer(200, b'{"results":[{"statement_id":0,"error":"database not found: river"}]}'), "database not found"),
        (Answer(200, b'{"status":"success","data":[]}'), "expected rows"),
        (Answer(200, b"<html>"), "expected rows"),
        (Answer(401, b"unauthorized"), "answers 401"),
    ],
    ids=["rows", "none", "no database", "another server's words", "a page", "no right to read"],
)
def test_reading_back_takes_rows_and_nothing_else(server, store, kind, answer, found):
    server.rule = lambda _: answer
    if isinstance(found, str):
        with pytest.raises(Unreadable, match=found):
            store.read_records("b", "upper", 7, 4, 9)
    else:
        assert store.read_records("b", "upper", 7, 4, 9) == found
    (request,) = server.requests
    form = parse_qs(request.body.decode())
    assert (request.path, form["db"], form["epoch"]) == ("/query", ["river"], ["ms"])
    assert request.headers["Authorization"] == KINDS[kind][3]
