"""Two gateways on one broker, each a process of its own, and one store that both write."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from gateway.journal import Journal
from gateway.status import read_status
from protocol.cose import seal
from protocol.topics import gateway_state_topic
from rivergauge.servers import InfluxDB
from tests.fakes.publisher import hmac_sha256, stage_batch

PROJECT = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, "-c", "from rivergauge.cli import main; main()"]
KILLS = int(os.environ.get("GATEWAY_KILLS", "3"))
WAIT_LIMIT_S = 60.0
NAMES = ("gateway-1", "gateway-2")
STANDBY = {"gateway-1": "[ownership]", "gateway-2": '[ownership]\nown = []\nstandby_for = ["gateway-1"]'}
DIVIDED = {
    "gateway-1": '[ownership]\nown = ["upper"]\nstandby_for = ["gateway-2"]',
    "gateway-2": '[ownership]\nown = ["lower"]\nstandby_for = ["gateway-1"]',
}


class Site:
    """The gateways' files and processes, and what they say of themselves."""

    def __init__(self, bench, influx_url, heard):
        self._bench = bench
        self._influx_url = influx_url
        self._heard = heard
        self._states: dict[str, str] = {}
        self.processes: dict[str, subprocess.Popen] = {}

    def start(self, name: str, ownership: str = "", is_shared: bool = False) -> None:
        folder = self._bench.folder / name
        folder.mkdir(exist_ok=True)
        shared = 'shared_subscription = "ingest"' if is_shared else ""
        (folder / "gateway.toml").write_text(
            f'[gateway]\nname = "{name}"\nbasin = "{PROJECT / "tests/gateway/basin.toml"}"\n'
            f'keys = "{self._bench.settings.keys}"\njournal = "journal.sqlite"\nbulletins = "bulletins"\n'
            f'[broker]\nhost = "127.0.0.1"\nport = {self._bench.mosquitto.port}\n{shared}\n'
            f'[[store]]\nname = "embedded"\nkind = "embedded"\npath = "observations.sqlite"\n'
            f'[[store]]\nname = "shared"\nkind = "influxdb1"\nurl = "{self._influx_url}"\ndatabase = "river"\n'
            f"{ownership}\n"
        )
        with (folder / "log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*COMMAND, "run", "--config", folder / "gateway.toml"], cwd=PROJECT, stderr=log
            )
        self._wait_for_state(name, "accepting")

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        assert process.poll() is None, f"{name} had ended before it was killed"
        process.kill()
        process.wait()
        self._wait_for_state(name, "gone")

    def end(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(WAIT_LIMIT_S)

    def status(self, name: str) -> dict[str, int]:
        journal = Journal(self._bench.folder / name / "journal.sqlite")
        journal.open()
        try:
            return read_status(journal)
        finally:
            journal.close()

    def log(self, name: str) -> str:
        return (self._bench.folder / name / "log").read_text()

    def _wait_for_state(self, name: str, state: str) -> None:
        ends_s = monotonic() + WAIT_LIMIT_S
        while self._states.get(name) != state:
            assert monotonic() < ends_s, f"waited in vain for {name} to say {state}:\n{self.log(name)}"
            while not self._heard.empty():
                topic, payload = self._heard.get()
                self._states[topic.split("/")[3]] = json.loads(payload)["state"]
            sleep(0.01)


class Station:
    """Sends records without end, and again what has no receipt, as a station does on each connection."""

    def __init__(self, publisher):
        self._publisher = publisher
        self._stopping = Event()
        self.sent = 0
        self._thread = Thread(target=self._send, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Return how many records were sent, all receipted."""
        self._stopping.set()
        self._thread.join(WAIT_LIMIT_S)
        ends_s = monotonic() + WAIT_LIMIT_S
        while not self._publisher.has_receipts(7, 0, self.sent - 1, 2.0):
            assert monotonic() < ends_s, "not every record was receipted"
            for record_no in self._unreceipted():
                self._publisher.publish(stage_batch(record_no, [500 + record_no % 100]))
        return self.sent

    def _unreceipted(self) -> list[int]:
        return [number for number in range(self.sent) if (7, number) not in self._publisher.receipted]

    def _send(self) -> None:
        while not self._stopping.is_set():
            self._publisher.publish(stage_batch(self.sent, [500 + self.sent % 100]))
            self.sent += 1
            sleep(0.01)


@pytest.fixture
def influx(tmp_path, part) -> Iterator[str]:
    with InfluxDB(tmp_path / "influx", part("influxd")) as server:
        url = f"http://127.0.0.1:{server.port}"
        urlopen(Request(f"{url}/query", urlencode({"q": "CREATE DATABASE river"}).encode()), timeout=10).close()
        yield url


@pytest.fixture
def site(bench, influx, listener) -> Iterator[Site]:
    for name in NAMES:
        heard = listener(gateway_state_topic(name))
    site = Site(bench, influx, heard)
    yield site
    for process in site.processes.values():
        process.kill()
        process.wait()


def stored_numbers(url: str, station: str) -> list[int]:
    """Return the record numbers of a station in the shared store, one for each point."""
    query = urlencode({"db": "river", "q": f"SELECT record_no FROM record WHERE station = '{station}'"})
    with urlopen(f"{url}/query?{query}", timeout=10) as answer:
        (result,) = json.load(answer)["results"]
    return [point[1] for series in result.get("series", ()) for point in series["values"]]


@pytest.mark.parametrize(
    ("ownership", "kills"), [(STANDBY, 2), (DIVIDED, KILLS)], ids=["a standby", "divided stations"]
)
def test_killing_either_gateway_under_load_loses_and_doubles_nothing(bench, site, influx, ownership, kills):
    seed = int(os.environ.get("GATEWAY_SEED", "20180831"))
    print(f"seed {seed}, {kills} kills")
    chance = random.Random(seed)
    for name in NAMES:
        site.start(name, ownership[name])
    with bench.station("upper") as upper, bench.station("lower") as lower:
        stations = {"upper": Station(upper), "lower": Station(lower)}
        for kill in range(kills):
            sleep(chance.uniform(0, 0.3))
            name = NAMES[kill % 2] if kill < 2 else chance.choice(NAMES)
            site.kill(name)
            print(f"kill {kill}: {name} at record {stations['upper'].sent}")
            answered = [(each, len(each.receipted)) for each in (upper, lower)]
            ends_s = monotonic() + WAIT_LIMIT_S
            while any(len(each.receipted) < before + 20 for each, before in answered):
                assert monotonic() < ends_s, f"nobody answered while {name} was gone"
                sleep(0.01)
            site.start(name, ownership[name])
        sent = {station: sender.stop() for station, sender in stations.items()}
    site.end()
    for station, count in sent.items():
        assert sorted(stored_numbers(influx, station)) == list(range(count)), station
    for name in NAMES:
        status = site.status(name)
        assert status["records_received"] == sum(
            status[part] for part in ("records_stored", "records_duplicate", "records_dead", "records_pending")
        )
        silent = ("records_dead", "records_lost_after_receipt", "records_receipted_elsewhere")
        assert [status[each] for each in silent] == [0, 0, 0], name
    assert "gateway-1 is gone: this gateway answers its stations now" in site.log("gateway-2")


def test_a_standby_takes_every_record_and_answers_none_while_the_owner_is_there(bench, site, until):
    for name in NAMES:
        site.start(name, STANDBY[name])
    with bench.station("upper") as upper:
        # It neither answers nor is gone: the broker gives it the time of a keepalive.
        site.processes["gateway-1"].send_signal(signal.SIGSTOP)
        for record_no in range(20):
            upper.publish(stage_batch(record_no, [500]))
        upper.publish_bytes(seal(b"\x80", upper.key, upper.key_id, upper.topic, hmac_sha256))
        until(lambda: site.status("gateway-2")["records_stored"] == 20, "the standby has stored all")
        until(lambda: site.status("gateway-2")["behind_receipts"] == 0, "the standby has passed its receipts over")
        assert site.status("gateway-2")["messages_refused"] == 1
        assert upper.answers == []
        site.processes["gateway-1"].send_signal(signal.SIGCONT)
        assert upper.has_receipts(7, 0, 19)
        assert upper.wait_for_refusal().reason == "wrong-size"


def test_gateways_that_share_a_subscription_store_each_record_once(bench, site, influx):
    for name in NAMES:
        site.start(name, is_shared=True)
    with bench.station("upper") as upper, bench.station("lower") as lower:
        stations = {"upper": Station(upper), "lower": Station(lower)}
        sleep(1)
        sent = {station: sender.stop() for station, sender in stations.items()}
    site.end()
    for station, count in sent.items():
        assert sorted(stored_numbers(influx, station)) == list(range(count)), station
    shares = [site.status(name)["records_received"] for name in NAMES]
    assert min(shares) > 0, "each gateway took a share"
