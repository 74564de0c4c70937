"""InfluxDB and VictoriaMetrics as stores: written to and read back for real."""

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from gateway.observations import Flag, Revision
from gateway.stores.influxdb import connect_v1, connect_v2
from gateway.stores.store import Away, Delivery, Parked, Written
from protocol.messages import Channel, Column
from protocol.quality import GOOD, NOT_SCHEDULED
from protocol.variables import INSTANT, code_of
from rivergauge.servers import InfluxDB, VictoriaMetrics, free_port
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, stage_batch


def delivery(stages_mm=(500, None, 2500), seq=1, **changes):
    batch = stage_batch(0, list(stages_mm), **changes)
    rated = Revision("b", "upper", 1, "discharge_m3_s", batch.times_ms[0], 50.0, GOOD, "rating", "r 1", 1)
    return Delivery(seq, "b", "upper", 0, batch, tuple(range(len(stages_mm))), (rated,))


def flag_delivery():
    flag = Flag(
        "b", "upper", "watch", "level", "stage_m", "above", "raised", START_MS, START_MS, None, 1.2, START_MS, 1.0, 0.8,
        "us",
    )  # fmt: skip
    return Delivery(2, "b", "upper", 0, flag=flag)


@pytest.fixture(scope="module")
def influxdb(part, tmp_path_factory) -> Iterator[InfluxDB]:
    with InfluxDB(tmp_path_factory.mktemp("influxdb"), part("influxd")) as server:
        ask(server, "CREATE DATABASE river")
        yield server


@pytest.fixture(scope="module")
def victoria_metrics(part, tmp_path_factory) -> Iterator[VictoriaMetrics]:
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria"), part("victoria-metrics")) as server:
        yield server


def ask(server, query):
    """Return the rows of an InfluxQL query as dictionaries."""
    body = urlencode({"db": "river", "q": query, "epoch": "ms"}).encode()
    with urlopen(Request(f"http://127.0.0.1:{server.port}/query", body), timeout=10) as answer:
        series = json.load(answer)["results"][0].get("series", [])
    return [dict(zip(each["columns"], row, strict=True)) for each in series for row in each["values"]]


def export(server, match):
    """Return {(metric name, sensor): {time: value}} from VictoriaMetrics."""
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


def test_victoria_metrics_gives_back_what_was_written_by_the_v2_api(victoria_metrics):
    store = connect_v2("vm", f"http://127.0.0.1:{victoria_metrics.port}", "river", "org", "token")
    for _ in range(2):
        assert store.write([delivery(), flag_delivery()]) == Written()
    series = export(victoria_metrics, '{station="upper"}')
    assert series[("observation_stage_m", "1")] == {START_MS: 0.5, START_MS + 2 * RECORD_EVERY_MS: 2.5}
    assert list(series[("observation_stage_m_quality", "1")].values()) == [1, 9, 1]
    assert list(series[("record_record_no", None)].values()) == [0, 1, 2]
    assert series[("revision_discharge_m3_s", "1")] == {START_MS: 50.0}
    assert series[("flag_active", None)] == {START_MS: 1}


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


@dataclass
class Refusing:
    """A server that answers each request by a rule; InfluxDB's own bad days cannot be had to order."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    refuses: bytes = b""  # only requests that hold this are refused; all, where it is empty
    lines_limit: int = 10**9
    taken: set[bytes] = field(default_factory=set)

    def answer(self, lines: list[bytes]) -> int:
        if len(lines) > self.lines_limit:
            return 413
        if self.status != 204 and any(self.refuses in line for line in lines):
            return self.status
        self.taken.update(lines)
        return 204


@pytest.fixture
def refusing():
    rule = Refusing()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self.send_response(rule.answer(body.split(b"\n")))
            for name, value in rule.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rule.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield rule
    server.shutdown()
    server.server_close()


@pytest.fixture(params=[connect_v1, connect_v2], ids=["1.x", "v2"])
def store(request, refusing):
    return request.param("influxdb", refusing.url, "river", "org", "secret")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Parked), (403, Parked), (404, Parked), (429, Away), (500, Away), (502, Away), (503, Away), (418, Away)],
)
def test_what_a_status_means(refusing, store, status, kind):
    refusing.status = status
    assert isinstance(store.write([delivery()]), kind)


def test_the_server_says_how_long_to_wait(refusing, store):
    refusing.status, refusing.headers = 429, {"Retry-After": "7"}
    assert store.write([delivery()]).retry_after_s == 7


@pytest.mark.parametrize("status", [400, 422])
def test_one_bad_record_is_refused_and_all_others_are_taken(refusing, store, status):
    refusing.status, refusing.refuses = status, b"record_no=2i"
    outcome = store.write([delivery([1] * 50)])
    assert [(each.seq, each.record_no) for each in outcome.refused] == [(1, 2)]
    assert len(refusing.taken) == 100  # 50 records, 50 observations, 1 revision: all but the bad line


def test_a_batch_that_is_too_large_is_halved(refusing, store):
    refusing.lines_limit = 10
    assert store.write([delivery([1] * 50)]) == Written()
    assert len(refusing.taken) == 101
