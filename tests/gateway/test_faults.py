"""What is broken on purpose; each ends with every record counted once in the store itself, and both sums true."""

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.settings import InfluxSettings
from rivergauge.servers import VictoriaMetrics
from tests.fakes.publisher import stage_batch
from tests.gateway.killed_gateway import STEPS

FOREVER_MS = (0, 2**62)
PROJECT = Path(__file__).resolve().parent.parent.parent
RECORDS_LIMIT = 20_000


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
        record_no = 0
        while killed.poll() is None:
            assert record_no < RECORDS_LIMIT, "the gateway came past the step"
            upper.publish(stage_batch(record_no, [500]))
            record_no += 1
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
    second = InfluxSettings("victoria", "influxdb2", url, "river", "org")
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
