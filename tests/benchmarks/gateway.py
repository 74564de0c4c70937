"""The gateway under load: publishers in another process, Mosquitto, fsynced journal, receipts, store; shared cores.

A run ends when everything sent is stored in the store and its receipt is at the broker. The publishers' messages are
sealed before the clock starts. Stations have a rating and thresholds only where a row says so.
"""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, process_time, sleep
from urllib.request import Request, urlopen

from gateway.batch_lines import BatchLines
from gateway.collecting import collect_rarely
from gateway.connecting import make_store
from gateway.feeding import GROUP_LIMIT
from gateway.service import Service
from gateway.settings import AFTER_JOURNAL, AFTER_STORE, BrokerSettings, EmbeddedSettings, InfluxSettings, Settings
from gateway.stores.store import Block, BlockStore, Sent, Written
from protocol import topics
from protocol.cose import seal
from protocol.messages import Batch, Channel, Column, encode_data
from protocol.variables import INSTANT, MEDIAN, code_of
from rivergauge import parts
from rivergauge.basin import Basin, load_basin
from rivergauge.servers import InfluxDB, Mosquitto, Server, VictoriaMetrics
from tests.benchmarks.publishers import publish_packet
from tests.benchmarks.report import Disagreement, Report, Row, Target
from tests.conftest import PROJECT
from tests.fakes.publisher import NOW_MS, RECORD_EVERY_MS, START_MS, hmac_sha256, write_key

__all__ = ["run"]

STATIONS = 200
VALUES = 3  # of each record: stage, water temperature, battery
RUN_LIMIT_S = 120.0
JOURNAL_ONLY, EMBEDDED, VICTORIA_METRICS, INFLUXDB = "journal", "embedded", "VictoriaMetrics", "InfluxDB 1.6"
MESSAGES = {1: 40_000, 96: 3_000}


@dataclass(frozen=True)
class Load:
    """What one run sends, and where it goes."""

    store: str
    batch: int
    with_thresholds: bool = False

    @property
    def name(self) -> str:
        return f"gateway to {self.store}{', rating and thresholds' if self.with_thresholds else ''}"


LOADS = [
    Load(JOURNAL_ONLY, 1),
    Load(VICTORIA_METRICS, 1),
    Load(INFLUXDB, 1),
    Load(EMBEDDED, 1),
    Load(VICTORIA_METRICS, 1, with_thresholds=True),
    Load(VICTORIA_METRICS, 96),
    Load(INFLUXDB, 96),
    Load(EMBEDDED, 96),
    Load(VICTORIA_METRICS, 96, with_thresholds=True),
]


def run() -> Report:
    collect_rarely()
    rows = [measure(load) for load in LOADS]
    by_load = dict(zip(LOADS, rows, strict=True))
    best_single = max(by_load[Load(store, 1)].messages_per_s for store in (VICTORIA_METRICS, INFLUXDB))
    best_batch = max(1e9 / by_load[Load(store, 96)].ns_per_value for store in (VICTORIA_METRICS, INFLUXDB))
    journalled = by_load[Load(JOURNAL_ONLY, 1)].messages_per_s
    return Report(
        "gateway",
        [
            "Messages are sealed before; Mosquitto, publishers, gateway and store share the cores.",
            f"{STATIONS} stations; a run ends with everything stored and every receipt at the broker.",
        ],
        [*rows, *(measure_store(kind) for kind in (VICTORIA_METRICS, INFLUXDB))],
        [
            Target("messages/s of one record, stored in VictoriaMetrics or InfluxDB 1.6", best_single, 10_000, True),
            Target("messages/s of one record, journalled, acknowledged and receipted", journalled, 25_000, True),
            Target("values/s in batches of 96 records, stored", best_batch, 1_000_000, True),
        ],
    )


def measure(load: Load) -> Row:
    """Run one load and return its figures; raise Disagreement when not everything arrived."""
    count = MESSAGES[load.batch]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        broker = stack.enter_context(Mosquitto(folder / "broker", parts.find("mosquitto")))
        basin = _basin(load.with_thresholds)
        store, settings = _store(load.store, folder)
        if store is not None:
            stack.enter_context(store)
            _create_database(store)
        service = Service(_settings(load, folder, broker.port, settings), basin, now_ms=lambda: NOW_MS)
        packets = list(_packets(basin, folder / "keys", load.batch, count))
        file = folder / "packets"
        file.write_bytes(b"".join(packets))
        publishers = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.publishers", str(broker.port), str(file), str(count)],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        stack.callback(_end, publishers)
        service.start()
        stack.callback(service.stop)
        _wait(lambda: service.is_ready, "the gateway subscribes")
        began_s, began_cpu_s = monotonic(), process_time()
        publishers.communicate(b"go\n", RUN_LIMIT_S)
        _wait(lambda: service.handled == count and service.is_idle(), "everything is stored")
        took_s, cpu_s = monotonic() - began_s, process_time() - began_cpu_s
        counts = service.counts()
    if counts["messages_decoded"] != count or counts["records_received"] != count * load.batch:
        raise Disagreement(f"{load.name}: not everything was taken: {counts}")
    values = count * load.batch * VALUES
    return Row(
        load.name, load.batch, took_s * 1e9 / values, count / took_s, sum(map(len, packets)) / values,
        {
            "values_per_s": values / took_s,
            "cpu_s_per_million_values": cpu_s * 1e6 / values,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        },
    )  # fmt: skip


def _basin(with_thresholds: bool) -> Basin:
    basin = load_basin(PROJECT / "tests/gateway/basin.toml")
    upper = basin.stations[0]
    if not with_thresholds:
        upper = replace(upper, thresholds=(), rating=None)
    return replace(basin, stations=tuple(replace(upper, id=f"station-{number}") for number in range(STATIONS)))


def _store(kind: str, folder: Path) -> tuple[Server | None, tuple[EmbeddedSettings | InfluxSettings, ...]]:
    if kind == VICTORIA_METRICS:
        server: Server = VictoriaMetrics(folder / "victoria", parts.find("victoria-metrics"))
        return server, (InfluxSettings("victoria", "victoriametrics", f"http://127.0.0.1:{server.port}"),)
    if kind == INFLUXDB:
        server = InfluxDB(folder / "influx", parts.find("influxd"))
        return server, (InfluxSettings("influx", "influxdb1", f"http://127.0.0.1:{server.port}", "river"),)
    return None, (EmbeddedSettings("embedded", folder / "observations.sqlite"),) if kind == EMBEDDED else ()


def _settings(load: Load, folder: Path, port: int, stores: tuple[EmbeddedSettings | InfluxSettings, ...]) -> Settings:
    return Settings(
        name="benchmark",
        basin=folder / "basin.toml",
        keys=folder / "keys",
        journal=folder / "journal.sqlite",
        bulletins=folder / "bulletins",
        broker=BrokerSettings("127.0.0.1", port),
        stores=stores,
        receipts_after=AFTER_STORE if stores else AFTER_JOURNAL,
    )


def _packets(basin: Basin, keys: Path, batch: int, count: int) -> Iterator[bytes]:
    """Yield the packets of all stations in turn, each station's records on the quarter hours of rising waters."""
    key = bytes(32)
    for station in basin.stations:
        write_key(keys, basin.code, station.id, "key-1", key)
    for number in range(count):
        turn, at = divmod(number, len(basin.stations))
        topic = topics.topic(basin.code, basin.stations[at].id, "data")
        payload = encode_data(_batch(turn * batch, batch, at))
        yield publish_packet(topic.encode(), seal(payload, key, b"key-1", topic, hmac_sha256), number)


def _batch(first_no: int, count: int, at: int) -> Batch:
    numbers = range(first_no, first_no + count)
    stage = [500 + (number * 7 + at) % 41 for number in numbers]
    temperature = [800 + (number * 3 + at) % 97 for number in numbers]
    battery = [1250 + number % 13 for number in numbers]
    columns = [
        Column(Channel(1, code_of("stage_m"), MEDIAN, 0, -3), list(stage)),
        Column(Channel(2, code_of("water_temperature_c"), INSTANT, 0, -2), list(temperature)),
        Column(Channel(0, code_of("battery_v"), INSTANT, 0, -2), list(battery)),
    ]
    return Batch(7, first_no, [START_MS + number * RECORD_EVERY_MS for number in numbers], columns, 1, 0, 0)


def measure_store(kind: str) -> Row:
    """Return how fast the store alone takes the lines of batches of 96, made before: no gateway is faster."""
    count, batch = MESSAGES[96], 96
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        server, (settings,) = _store(kind, Path(name))
        if server is not None:
            stack.enter_context(server)
            _create_database(server)
        store = make_store(settings)
        if not isinstance(store, BlockStore):
            raise Disagreement(f"{kind} takes no whole batches")
        blocks = list(_blocks(store, count, batch))
        began_s = monotonic()
        for start in range(0, count, GROUP_LIMIT):
            if store.write_blocks(blocks[start : start + GROUP_LIMIT]) != Written():
                raise Disagreement(f"{kind} does not take all of the batches")
        took_s = monotonic() - began_s
    values = count * batch * VALUES
    size = sum(len(block.text) for block in blocks) / values
    return Row(f"{kind} alone", batch, took_s * 1e9 / values, count / took_s, size, {"values_per_s": values / took_s})


def _blocks(store: BlockStore, count: int, batch: int) -> Iterator[Block]:
    read = BatchLines()
    for number in range(count):
        turn, at = divmod(number, STATIONS)
        first_no = turn * batch
        read.read(encode_data(_batch(first_no, batch, at)))
        sent = Sent("test-basin", f"station-{at}", range(first_no, first_no + batch), read.reader.times())
        yield Block(store.block_of(read, sent.basin, sent.station), sent)


def _create_database(server: Server) -> None:
    if isinstance(server, InfluxDB):
        query = f"http://127.0.0.1:{server.port}/query?q=CREATE+DATABASE+river"
        urlopen(Request(query, method="POST"), timeout=10).close()


def _wait(is_so: Callable[[], bool], what: str) -> None:
    ends_s = monotonic() + RUN_LIMIT_S
    while not is_so():
        if monotonic() > ends_s:
            raise Disagreement(f"waited {RUN_LIMIT_S:g} s in vain until {what}")
        sleep(0.01)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        store, batch, *rest = wanted.split(":")
        print(measure(Load(store, int(batch), bool(rest))))
