"""`rivergauge run` as systemd runs it: a process that is told by signals and tells over a socket."""

import contextlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from time import monotonic

import pytest

from gateway.stores.embedded import EmbeddedStore
from rivergauge.servers import Mosquitto, free_port
from tests.fakes.publisher import Publisher, stage_batch, write_key

BASIN_TEXT = (Path(__file__).resolve().parents[1] / "gateway" / "basin.toml").read_text()
WAIT_LIMIT_S = 20.0
END_LIMIT_S = 5.0
FOREVER_MS = (0, 2**62)
KEY = b"k" * 32
GATEWAY = """\
[gateway]
name = "gateway-1"
basin = "basin.toml"
keys = "keys"
journal = "journal.sqlite"
bulletins = "bulletins"
[broker]
host = "127.0.0.1"
port = {port}
[[store]]
name = "embedded"
kind = "embedded"
path = "observations.sqlite"
[web]
host = "127.0.0.1"
port = {page_port}
"""
RUN = "import sys; from rivergauge.cli import main; sys.argv[0] = 'rivergauge'; main()"


@pytest.fixture
def mosquitto(tmp_path, part):
    with Mosquitto(tmp_path / "mosquitto", part("mosquitto")) as server:
        yield server


class Running:
    """The process, and what it says to the socket of systemd."""

    def __init__(self, folder, listener, options):
        self.folder = folder
        self.log = folder / "log"
        self._said = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(listener,), daemon=True).start()
        environment = os.environ | {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "300000"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, "run", "--config", "gateway.toml", *options],
                cwd=folder, env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    def says(self, wanted):
        """Wait until it says this; return all it said until then."""
        said = []
        ends_s = monotonic() + WAIT_LIMIT_S
        while monotonic() < ends_s:
            said.append(self._said.get(timeout=WAIT_LIMIT_S))
            if wanted in said:
                return said
        pytest.fail(f"{wanted} was not said, but {said}; its log:\n{self.log.read_text()}")

    def _listen(self, listener):
        with contextlib.suppress(OSError):  # closed at the end of the test
            while True:
                for line in listener.recv(1000).decode().splitlines():
                    self._said.put(line)

    def send(self, number):
        self.process.send_signal(number)

    def readyz(self):
        port = re.search(r"port = (\d+)\n*$", (self.folder / "gateway.toml").read_text())[1]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=WAIT_LIMIT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as answer:
            return json.load(answer)

    def end(self):
        self.send(signal.SIGTERM)
        return self.process.wait(WAIT_LIMIT_S)


@pytest.fixture
def running(tmp_path, mosquitto, request):
    (tmp_path / "basin.toml").write_text(BASIN_TEXT)
    (tmp_path / "gateway.toml").write_text(GATEWAY.format(port=mosquitto.port, page_port=free_port()))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        one = Running(tmp_path, listener, getattr(request, "param", []))
        yield one
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_it_says_that_it_is_ready_feeds_the_watchdog_and_ends_in_order(running):
    running.says("READY=1")
    running.says("WATCHDOG=1")
    running.says("WATCHDOG=1")
    began_s = monotonic()
    assert running.end() == 0
    assert monotonic() - began_s < END_LIMIT_S
    running.says("STOPPING=1")
    assert "gateway gateway-1 has ended on SIGTERM" in running.log.read_text()


@pytest.mark.parametrize("running", [["--log-format", "json"]], ids=["json"], indirect=True)
def test_its_log_is_json_where_that_is_asked_for(running):
    running.says("READY=1")
    assert running.end() == 0
    events = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert events[-1]["event"] == "gateway gateway-1 has ended on SIGTERM"


def test_it_takes_up_a_new_station_when_told_so(running, mosquitto):
    running.says("READY=1")
    added = BASIN_TEXT[BASIN_TEXT.index("[[station]]") :].split("\n[[station]]")[0].replace("upper", "spring")
    (running.folder / "basin.toml").write_text(BASIN_TEXT + "\n" + added)
    write_key(running.folder / "keys", "test-basin", "spring", "spring-1", KEY)
    with Publisher("test-basin", "spring", "spring-1", KEY, mosquitto.port) as spring:
        spring.publish(stage_batch(0, [500]))
        assert not spring.has_receipts(7, 0, 0, limit_s=1), "a station that it does not know"
        running.send(signal.SIGHUP)
        assert "RELOADING=1" in running.says("READY=1")
        spring.publish(stage_batch(1, [510]))
        assert spring.has_receipts(7, 1, 1)
    told = mosquitto.log_path.read_text()
    assert told.count(" as rivergauge-gateway-1 ") == 1, "it has kept its connection"
    assert running.log.read_text().count("is running, page at") == 1
    assert running.end() == 0
    assert EmbeddedStore(running.folder / "observations.sqlite").count_records("spring", *FOREVER_MS) == 1


def test_a_mistake_in_a_changed_file_is_told_and_changes_nothing(running, mosquitto):
    running.says("READY=1")
    (running.folder / "basin.toml").write_text(BASIN_TEXT.replace("test-basin", "Test Basin"))
    running.send(signal.SIGHUP)
    running.says("READY=1")
    running.says("WATCHDOG=1")
    assert r"basin.toml:3: basin.code: found \"Test Basin\"" in running.log.read_text()
    (remark,) = running.readyz()["remarks"]
    assert remark.startswith("changed files are not taken up: ") and "basin.code" in remark
    write_key(running.folder / "keys", "test-basin", "upper", "upper-1", KEY)
    with Publisher("test-basin", "upper", "upper-1", KEY, mosquitto.port) as upper:
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
        (running.folder / "basin.toml").write_text(BASIN_TEXT)
        running.send(signal.SIGHUP)
        running.says("READY=1")
        assert running.readyz()["remarks"] == [], "mended, and taken up"
        upper.publish(stage_batch(1, [500]))
        assert upper.has_receipts(7, 1, 1)


def test_changed_settings_start_it_anew(running, mosquitto):
    running.says("READY=1")
    path = running.folder / "gateway.toml"
    path.write_text(path.read_text().replace('name = "gateway-1"', 'name = "gateway-2"'))
    running.send(signal.SIGHUP)
    running.says("STATUS=gateway gateway-2, page at " + running.log.read_text().split("page at ")[1].split('"')[0])
    assert running.end() == 0
    assert "as rivergauge-gateway-2 " in mosquitto.log_path.read_text()


def test_settings_that_it_cannot_run_with_are_told_and_it_runs_on_with_those_before(running, mosquitto):
    running.says("READY=1")
    path = running.folder / "gateway.toml"
    path.write_text(path.read_text().replace("[[store]]", 'username = "gateway"\npassword_file = "none"\n[[store]]'))
    running.send(signal.SIGHUP)
    assert "RELOADING=1" in running.says("READY=1")
    (remark,) = running.readyz()["remarks"]
    assert remark.startswith("changed files are not taken up: ") and "none: No such file" in remark
    write_key(running.folder / "keys", "test-basin", "upper", "upper-1", KEY)
    with Publisher("test-basin", "upper", "upper-1", KEY, mosquitto.port) as upper:
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
    assert running.end() == 0
