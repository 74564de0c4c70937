"""What is broken on purpose; each ends with every record counted once in the store itself, and both sums true."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest

from gateway.service import Service
from gateway.settings import EmbeddedSettings, InfluxSettings
from protocol.topics import gateway_state_topic
from rivergauge.servers import VictoriaMetrics
from tests.fakes.publisher import START_MS, stage_batch
from tests.gateway.killed_gateway import STEPS

FOREVER_MS = (0, 2**62)
LONG_AGO_MS = START_MS - 15 * 365 * 86_400_000  # of what is years long, so that it does not reach into the future
PROJECT = Path(__file__).resolve().parent.parent.parent
KILL_LIMIT_S = 60.0  # for a gateway to start and come to the step, on a machine that has much to do


def assert_all_is_accounted_for(bench, service, last_no, log_id=7):
    """Every record is in the store once, under its own name, and the sums of DESIGN.md hold."""
    with sqlite3.connect(bench.folder / "observations.sqlite") as store:
        names = store.execute("SELECT log_id, record_no FROM record ORDER BY log_id, record_no").fetchall()
        values = store.execute("SELECT count(*) FROM observation WHERE variable = 'stage_m'").fetchone()
    assert names == [(log_id, number) for number in range(last_no + 1)]
    assert values == (last_no + 1,)
    counts = service.counts()
    assert counts["records_stored"] == last_no + 1
    assert counts["records_pending"] == 0
    assert counts["messages_received"] == (
        counts["messages_decoded"] + counts["messages_refused"] + counts["messages_forged"]
    )
    assert counts["records_received"] == (
        counts["records_stored"] + counts["records_duplicate"] + counts["records_dead"] + counts["records_pending"]
    )


@pytest.fixture
def run_killed(bench):
    """Start gateways in processes of their own that end at a step; they are ended with the test at the latest."""
    processes = []

    def run(step, moment, count):
        # The broker keeps messages for a session only from its first connection on.
        bench.stop(bench.start())
        arguments = [bench.folder, PROJECT / "tests/gateway/basin.toml", bench.mosquitto.port, step, moment, count]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.killed_gateway", *map(str, arguments)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_gateway_killed_at_a_step_loses_and_doubles_nothing(bench, run_killed, until, step, moment):
    killed = run_killed(step, moment, 3)
    with bench.station("upper") as upper:
        record_no, ends_s = 0, monotonic() + KILL_LIMIT_S
        while killed.poll() is None:
            assert monotonic() < ends_s, "the gateway came past the step"
            upper.publish(stage_batch(record_no, [500]))
            record_no += 1
            sleep(0.001)
        assert killed.returncode == -signal.SIGKILL
        upper.publish(stage_batch(record_no, [500]))
        service = bench.start()
        assert upper.has_receipts(7, 0, record_no)
        until(service.is_idle, "the gateway is idle")
    assert_all_is_accounted_for(bench, service, record_no)


@pytest.mark.parametrize("is_kept", [True, False], ids=["its sessions kept", "its sessions lost"])
def test_a_broker_killed_and_started_again_loses_nothing_that_is_sent_again(bench, until, is_kept):
    service = bench.start()
    with bench.station("upper") as upper:
        for record_no in range(20):
            upper.publish(stage_batch(record_no, [500]))
        bench.mosquitto.stop() if is_kept else bench.mosquitto.kill()
        if not is_kept:
            (bench.folder / "mosquitto" / "mosquitto.db").unlink(missing_ok=True)
        bench.mosquitto.start()
        until(lambda: service.is_ready, "the gateway has its subscriptions again")
        # What a station does that has no receipt: it sends the records again on its new connection.
        unreceipted = [number for number in range(20) if (7, number) not in upper.receipted]
        for record_no in [*unreceipted, *range(20, 40)]:
            upper.publish(stage_batch(record_no, [500]))
        assert upper.has_receipts(7, 20, 39)
        until(service.is_idle, "the gateway is idle")
    assert_all_is_accounted_for(bench, service, 39)


def test_messages_that_wait_at_the_broker_come_when_the_gateway_does(bench, until):
    service = bench.start()
    bench.stop(service)
    with bench.station("upper") as upper:
        for record_no in range(20):
            upper.publish(stage_batch(record_no, [500]))
        service = bench.start()
        assert upper.has_receipts(7, 0, 19)
        until(service.is_idle, "the gateway is idle")
    assert_all_is_accounted_for(bench, service, 19)


def test_messages_doubled_reordered_and_forged_under_way_leave_each_record_once(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        batches = [stage_batch(first_no, [500] * 4) for first_no in range(0, 40, 2)]
        for batch in [*reversed(batches), *batches]:
            message = upper.sealed(batch)
            upper.publish_bytes(message)
            upper.publish_bytes(message[:-1] + bytes([message[-1] ^ 1]))
        assert upper.has_receipts(7, 0, 41)
        until(service.is_idle, "the gateway is idle")
    assert_all_is_accounted_for(bench, service, 41)
    counts = service.counts()
    assert (counts["messages_decoded"], counts["messages_forged"]) == (40, 40)
    assert counts["records_duplicate"] == 160 - 42


@pytest.fixture
def victoria_metrics(tmp_path, part):
    server = VictoriaMetrics(tmp_path / "victoria", part("victoria-metrics"))
    yield server
    server.stop()


def test_a_store_that_is_away_holds_neither_the_other_store_nor_the_journal_back(bench, until, victoria_metrics):
    url = f"http://127.0.0.1:{victoria_metrics.port}"
    second = InfluxSettings("victoria", "victoriametrics", url)
    bench.settings = replace(bench.settings, stores=(*bench.settings.stores, second))
    service = bench.start()
    with bench.station("upper") as upper:
        for record_no in range(20):
            upper.publish(stage_batch(record_no, [500]))
        until(lambda: bench.store.count_records("upper", *FOREVER_MS) == 20, "the embedded store has all")
        assert not upper.receipted, "a receipt was given before every store had the record"
        assert service.counts()["records_pending"] == 20
        victoria_metrics.start()
        assert upper.has_receipts(7, 0, 19)
        until(service.is_idle, "the gateway is idle")
    assert_all_is_accounted_for(bench, service, 19)


def test_a_journal_near_its_limit_holds_and_goes_on_when_the_store_is_back(bench, until, victoria_metrics, listener):
    url = f"http://127.0.0.1:{victoria_metrics.port}"
    second = InfluxSettings("victoria", "victoriametrics", url)
    bench.settings = replace(bench.settings, stores=(*bench.settings.stores, second), journal_limit_mb=1)
    heard = listener(gateway_state_topic("gateway-1"))
    service = bench.start()
    seeded, count = random.Random(4), 512

    def batch(number):
        # Of test records thresholds keep nothing: what fills the journal is what the store has not taken.
        stages_mm = [seeded.randrange(100_000_000) for _ in range(count)]
        return stage_batch(number * count, stages_mm, start_ms=LONG_AGO_MS, test=True)

    with bench.station("lower") as lower:
        states, sent = [], 0
        while "hold" not in states:
            assert sent < 2000, "the gateway never held"
            lower.publish(batch(sent))
            sent += 1
            while not heard.empty():
                states.append(json.loads(heard.get()[1])["state"])
        for _ in range(20):
            lower.publish(batch(sent))
            sent += 1
        sleep(1)
        held = service.counts()["messages_received"]
        assert held < sent, "the gateway took messages though it said hold"
        assert service.is_ready, "the connection was lost while it held"
        sleep(1)
        assert service.counts()["messages_received"] == held, "it took more while it held"
        victoria_metrics.start()
        assert lower.has_receipts(7, (sent - 1) * count, sent * count - 1, limit_s=60)
        until(service.is_idle, "the gateway is idle")
    while not heard.empty():
        states.append(json.loads(heard.get()[1])["state"])
    assert states[-1] == "accepting"
    assert_all_is_accounted_for(bench, service, sent * count - 1)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("full", ["journal", "store"])
def test_a_full_disk_delays_and_loses_nothing(bench, until, small_disk, full, caplog):
    if full == "journal":
        bench.settings = replace(bench.settings, journal=small_disk / "journal.sqlite")
    else:
        store = EmbeddedSettings("embedded", small_disk / "observations.sqlite")
        bench.settings = replace(bench.settings, stores=(store,))
    service = bench.start()
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    with bench.station("upper") as upper:
        for first_no in range(0, 400, 20):
            upper.publish(stage_batch(first_no, [500] * 20))
        until(lambda: "full" in caplog.text, "the gateway says that the disk is full")
        assert not upper.has_receipts(7, 0, 399, limit_s=0.5)
        filler.unlink()
        assert upper.has_receipts(7, 0, 399, limit_s=60)
        until(service.is_idle, "the gateway is idle")
    bench.stop(service)
    if full == "store":
        (bench.folder / "observations.sqlite").symlink_to(small_disk / "observations.sqlite")
    service = bench.start()
    assert_all_is_accounted_for(bench, service, 399)


def test_a_torn_journal_is_told_at_the_start_and_left_as_it_is(bench):
    bench.stop(bench.start())
    path = bench.folder / "journal.sqlite"
    torn = path.read_bytes()
    torn = torn[:200] + bytes(range(256)) * ((len(torn) - 200) // 256)
    path.write_bytes(torn)
    service = Service(bench.settings, bench.basin, now_ms=lambda: START_MS)
    with pytest.raises(sqlite3.DatabaseError, match=r"journal\.sqlite.*restore"):
        service.start()
    assert path.read_bytes() == torn


def test_a_journal_that_cannot_be_written_delays_and_loses_nothing(bench, until):
    service = bench.start()
    other = sqlite3.connect(bench.folder / "journal.sqlite", isolation_level=None)
    with bench.station("upper") as upper:
        other.execute("BEGIN IMMEDIATE")
        for record_no in range(20):
            upper.publish(stage_batch(record_no, [500]))
        assert not upper.has_receipts(7, 0, 0, limit_s=1)
        other.execute("ROLLBACK")
        assert upper.has_receipts(7, 0, 19)
        until(service.is_idle, "the gateway is idle")
    other.close()
    assert_all_is_accounted_for(bench, service, 19)
