"""One load sent through a gateway, and what it took; broker, publishers and store are processes beside it."""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from pathlib import Path
from time import monotonic, sleep, time_ns
from urllib.request import Request, urlopen

from gateway.mqtt import Arrival, Link
from gateway.service import Service
from gateway.settings import AFTER_JOURNAL, AFTER_STORE, BrokerSettings, EmbeddedSettings, InfluxSettings, Settings
from rivergauge import parts
from rivergauge.servers import InfluxDB, Mosquitto, Server, VictoriaMetrics
from tests.benchmarks.gateway_load import EMBEDDED, INFLUXDB, VICTORIA_METRICS, Load, make_basin, write_packets
from tests.benchmarks.processes import begin_peak, peak_mb, processor_s
from tests.benchmarks.report import Disagreement, Row
from tests.conftest import PROJECT

__all__ = ["measure", "publishing", "start_store", "wait_until"]

START_LIMIT_S = 60.0
SLOWEST_PER_S = 200  # messages; a run that is slower than this has come to a stand


def measure(load: Load) -> Row:
    """Run one load and return its figures; raise Disagreement when not everything arrived."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        broker = stack.enter_context(Mosquitto(folder / "broker", parts.find("mosquitto")))
        basin = make_basin(load.with_thresholds)
        size = write_packets(folder / "packets", basin, folder / "keys", load)
        store, settings = start_store(load.store, folder, stack)
        service = Service(_settings(load, folder, broker.port, settings), basin, now_ms=_now_ms)
        publish = stack.enter_context(publishing(broker.port, folder / "packets", load))
        waits_ms = stack.enter_context(_watched_acknowledgements())
        service.start()
        stack.callback(service.stop)
        wait_until(lambda: service.is_ready, "the gateway subscribes", START_LIMIT_S)
        watched = {"gateway": os.getpid(), "broker": broker.pid} | ({"store": store.pid} if store else {})
        begin_peak()
        began_s, before = monotonic(), {name: processor_s(pid) for name, pid in watched.items()}
        publish()
        limit_s = START_LIMIT_S + load.messages / SLOWEST_PER_S
        wait_until(lambda: service.handled == load.messages and service.is_idle(), "everything is stored", limit_s)
        took_s = monotonic() - began_s
        used_s = {name: processor_s(pid) - before[name] for name, pid in watched.items()}
        peak = peak_mb()
        counts = service.counts()
    if counts["messages_decoded"] != load.messages or counts["records_received"] != load.messages * load.batch:
        raise Disagreement(f"{load.name}: not everything was taken: {counts}")
    return Row(
        load.name, load.batch, took_s * 1e9 / load.values, load.messages / took_s, size / load.values,
        {
            "values_per_s": load.values / took_s,
            **{f"{name}_s_per_million_values": used * 1e6 / load.values for name, used in used_s.items()},
            "p50_ms": _percentile(waits_ms, 0.5),
            "p99_ms": _percentile(waits_ms, 0.99),
            "peak_mb": peak,
        },
    )  # fmt: skip


@contextmanager
def publishing(port: int, packets: Path, load: Load) -> Iterator[Callable[[], None]]:
    """Give a function that has the publishers' process send all packets, and returns when the broker has them."""
    arguments = [str(port), str(packets), str(load.messages), str(load.per_s or 0)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.publishers", *arguments],
        cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip

    def publish() -> None:
        process.communicate(b"go\n")
        if process.returncode != 0:
            raise Disagreement(f"{load.name}: the publishers failed")

    try:
        yield publish
    finally:
        process.kill()
        process.wait()


def start_store(
    kind: str, folder: Path, stack: ExitStack
) -> tuple[Server | None, tuple[EmbeddedSettings | InfluxSettings, ...]]:
    """Start the server of a store, if it has one, and return it with the settings of the store."""
    if kind == VICTORIA_METRICS:
        victoria = stack.enter_context(VictoriaMetrics(folder / "victoria", parts.find("victoria-metrics")))
        return victoria, (InfluxSettings("victoria", "victoriametrics", f"http://127.0.0.1:{victoria.port}", ""),)
    if kind == INFLUXDB:
        influx = stack.enter_context(InfluxDB(folder / "influx", parts.find("influxd")))
        query = f"http://127.0.0.1:{influx.port}/query?q=CREATE+DATABASE+river"
        urlopen(Request(query, method="POST"), timeout=10).close()
        return influx, (InfluxSettings("influx", "influxdb1", f"http://127.0.0.1:{influx.port}", "river"),)
    return None, (EmbeddedSettings("embedded", folder / "observations.sqlite"),) if kind == EMBEDDED else ()


def wait_until(is_so: Callable[[], bool], what: str, limit_s: float) -> None:
    ends_s = monotonic() + limit_s
    while not is_so():
        if monotonic() > ends_s:
            raise Disagreement(f"waited {limit_s:g} s in vain until {what}")
        sleep(0.01)


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


@contextmanager
def _watched_acknowledgements() -> Iterator[Counter[int]]:
    """Give how many messages were acknowledged how many ms after their arrival."""
    waits_ms: Counter[int] = Counter()
    acknowledge = Link.acknowledge

    def watched(link: Link, arrivals: Sequence[Arrival]) -> None:
        acknowledge(link, arrivals)
        now_ms = _now_ms()
        # Many come at once: counting them by their arrival costs the run least.
        for received_at_ms, number in Counter(map(attrgetter("received_at_ms"), arrivals)).items():
            waits_ms[now_ms - received_at_ms] += number

    Link.acknowledge = watched  # type: ignore[method-assign]
    try:
        yield waits_ms
    finally:
        Link.acknowledge = acknowledge  # type: ignore[method-assign]


def _percentile(waits_ms: Counter[int], share: float) -> float:
    """Return the shortest wait that no more than 1 - share of the messages exceeded."""
    left = share * waits_ms.total()
    for wait_ms, number in sorted(waits_ms.items()):
        left -= number
        if left <= 0:
            return wait_ms
    raise Disagreement("no message was acknowledged")


def _now_ms() -> int:
    return time_ns() // 1_000_000
