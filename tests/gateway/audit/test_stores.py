"""The audit of real stores: a point written and read back, and what is said where that fails."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pytest

from gateway.audit import stores as audit_of_stores
from gateway.settings import InfluxSettings
from rivergauge.servers import InfluxDB, VictoriaMetrics, free_port
from tests.fakes.publisher import START_MS


@pytest.fixture(scope="module")
def influxdb(part, tmp_path_factory):
    with InfluxDB(tmp_path_factory.mktemp("influxdb"), part("influxd")) as server:
        urlopen(Request(f"http://127.0.0.1:{server.port}/query", b"q=CREATE+DATABASE+river"), timeout=10).close()
        yield server


@pytest.fixture(scope="module")
def victoria_metrics(part, tmp_path_factory):
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria"), part("victoria-metrics")) as server:
        yield server


def influxdb_1(server, **changes):
    asked = {"name": "second", "api": "influxdb1", "url": f"http://127.0.0.1:{server.port}", "database": "river"}
    return InfluxSettings(**(asked | changes))


def test_influxdb_takes_a_point_and_gives_it_back(look, levels, influxdb):
    found = levels(look(stores=(influxdb_1(influxdb),)))
    assert (found["store second"], found["clock"]) == ("ok", "ok")


def test_victoria_metrics_takes_a_point_and_gives_it_back(look, levels, victoria_metrics, tmp_path):
    token = tmp_path / "token"
    token.touch(0o600)
    url = f"http://127.0.0.1:{victoria_metrics.port}"
    second = InfluxSettings("second", "victoriametrics", url, username="gateway", secret_file=token)
    assert levels(look(stores=(second,)))["store second"] == "ok"


def test_a_database_that_is_not_there_is_found(look, influxdb):
    found = look(stores=(influxdb_1(influxdb, database="rivers"),))["store second"]
    assert found.level.value == "problem"
    assert "database not found" in found.detail


def test_a_server_that_is_away_is_found(look):
    second = InfluxSettings("second", "influxdb1", f"http://127.0.0.1:{free_port()}", "river")
    found = look(stores=(second,))
    assert found["store second"].level.value == "problem"
    assert "the journal keeps all" in found["store second"].advice
    assert "clock" not in found


def test_a_secret_that_is_not_there_is_found(look, influxdb, tmp_path):
    found = look(stores=(influxdb_1(influxdb, username="g", secret_file=tmp_path / "none"),))
    assert found["store second"].level.value == "problem"
    assert found["secret of store second"].level.value == "problem"


def test_clocks_that_differ_are_told(look, influxdb):
    found = look(now_ms=lambda: START_MS, stores=(influxdb_1(influxdb),))["clock"]
    assert found.level.value == "warning"
    assert "timedatectl" in found.advice


class _SaysYesToAll(BaseHTTPRequestHandler):
    """What some servers do with points that are too old: 204, and the point is dropped."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_server_that_drops_what_it_takes_is_found(look, monkeypatch):
    monkeypatch.setattr(audit_of_stores, "READ_LIMIT_S", 0.1)
    with ThreadingHTTPServer(("127.0.0.1", 0), _SaysYesToAll) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        second = InfluxSettings("second", "influxdb1", f"http://127.0.0.1:{server.server_port}", "river")
        found = look(stores=(second,))["store second"]
        server.shutdown()
    assert found.level.value == "problem"
    assert "does not give it back" in found.detail
