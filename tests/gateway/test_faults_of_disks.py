"""Disk full, a read-only disk, a torn database, a journal at its limit: delayed or told, and nothing taken is lost."""

import contextlib
import json
import random
import sqlite3
import subprocess
from dataclasses import replace
from time import sleep

import pytest

from gateway.service import Service
from gateway.settings import EmbeddedSettings, InfluxSettings
from protocol.messages import Channel, Column
from protocol.topics import gateway_state_topic
from protocol.variables import INSTANT, code_of
from rivergauge.servers import VictoriaMetrics
from tests.fakes.publisher import START_MS, stage_batch
from tests.gateway.accounting import assert_embedded_has, names

LONG_AGO_MS = START_MS - 15 * 365 * 86_400_000  # of what is years long, so that it does not reach into the future


@pytest.fixture
def victoria_metrics(tmp_path, part):
    server = VictoriaMetrics(tmp_path / "victoria", part("victoria-metrics"))
    yield server
    server.stop()


def test_a_journal_near_its_limit_holds_and_goes_on_when_the_store_is_back(bench, until, victoria_metrics, listener):
    url = f"http://127.0.0.1:{victoria_metrics.port}"
    second = InfluxSettings("victoria", "victoriametrics", url)
    bench.settings = replace(bench.settings, stores=(*bench.settings.stores, second), journal_limit_mb=1)
    heard = listener(gateway_state_topic("gateway-1"))
    service = bench.start()
    seeded, count = random.Random(4), 256

    def batch(number):
        # Of test records thresholds keep nothing: what fills the journal is what the store has not taken.
        filled = stage_batch(number * count, [500] * count, start_ms=LONG_AGO_MS, test=True)
        for sensor in range(2, 10):
            noise = [seeded.randrange(100_000_000) for _ in range(count)]
            filled.columns.append(Column(Channel(sensor, code_of("battery_v"), INSTANT, 0, -3), noise))
        return filled

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
    assert_embedded_has(bench.settings.embedded.path, names("lower", 7, range(sent * count)), service.counts())


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
    service = bench.start()
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(400)), service.counts())


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
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(20)), service.counts())
