"""The audit of real stores: a record written and read back, and what is said where that fails."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pytest

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


def test_influxdb_takes_a_record_and_gives_it_back_each_time(look, levels, influxdb):
    look(stores=(influxdb_1(influxdb),))
    found = levels(look(stores=(influxdb_1(influxdb),)))
    assert (found["store second"], found["clock of store second"]) == ("ok", "ok")


def test_victoria_metrics_takes_a_record_and_gives_it_back(look, levels, victoria_metrics, tmp_path):
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
    assert "clock of store second" not in found


def test_a_secret_that_is_not_there_is_found(look, influxdb, tmp_path):
    found = look(stores=(influxdb_1(influxdb, username="g", secret_file=tmp_path / "none"),))
    assert found["store second"].level.value == "problem"
    assert found["secret of store second"].level.value == "problem"


def test_clocks_that_differ_are_told(look, influxdb):
    found = look(now_ms=lambda: START_MS, stores=(influxdb_1(influxdb),))["clock of store second"]
    assert found.level.value == "warning"
    assert "timedatectl" in found.advice


class _SaysYesToAll(BaseHTTPRequestHandler):
    """What some servers do with points that they drop: they take them, and have none."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        is_query = self.path.startswith("/query")
        self.send_response(200 if is_query else 204)
        self.end_headers()
        if is_query:
            self.wfile.write(b'{"results": [{"statement_id": 0}]}')

    def log_message(self, *_):
        pass


def test_a_server_that_drops_what_it_takes_is_found(look):
    with ThreadingHTTPServer(("127.0.0.1", 0), _SaysYesToAll) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        second = InfluxSettings("second", "influxdb1", f"http://127.0.0.1:{server.server_port}", "river")
        found = look(stores=(second,))["store second"]
        server.shutdown()
    assert found.level.value == "problem"
    assert "does not give it back" in found.detail
