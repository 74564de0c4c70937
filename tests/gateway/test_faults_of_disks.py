"""Disk full, a read-only disk, a torn database, a journal at its limit: delayed or told, and nothing taken is lost."""

import contextlib
import json
import random
import sqlite3
import subprocess
from dataclasses import replace
from time import sleep
from urllib.request import Request, urlopen

import pytest

from gateway.service import Service
from gateway.settings import EmbeddedSettings, InfluxSettings
from protocol.messages import Channel, Column, encode_data
from protocol.topics import gateway_state_topic
from protocol.variables import INSTANT, code_of
from rivergauge.servers import InfluxDB, VictoriaMetrics
from tests.fakes.publisher import START_MS, stage_batch
from tests.gateway.accounting import assert_embedded_has, names, stored_in_victoria_metrics

LONG_AGO_MS = START_MS - 15 * 365 * 86_400_000  # of what is years long, so that it does not reach into the future


@pytest.fixture
def victoria_metrics(tmp_path, part):
    server = VictoriaMetrics(tmp_path / "victoria", part("victoria-metrics"))
    yield server
    server.stop()


@pytest.fixture
def influxdb(tmp_path, part):
    """A server with its database, away."""
    with InfluxDB(tmp_path / "influxdb", part("influxd")) as server:
        query = f"http://127.0.0.1:{server.port}/query?q=CREATE+DATABASE+river"
        urlopen(Request(query, method="POST"), timeout=10).close()
        server.stop()
        yield server


def test_a_journal_near_its_limit_holds_and_goes_on_when_the_store_is_back(
    bench, until, influxdb, listener, monkeypatch
):
    monkeypatch.setattr("gateway.feeding.BACKOFF_LAST_S", 1.0)
    second = InfluxSettings("influxdb", "influxdb1", f"http://127.0.0.1:{influxdb.port}", "river")
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
        influxdb.start()
        assert lower.has_receipts(7, (sent - 1) * count, sent * count - 1, limit_s=60)
        until(service.is_idle, "the gateway is idle")

    def is_accepting():
        while not heard.empty():
            states.append(json.loads(heard.get()[1])["state"])
        return states[-1] == "accepting"

    until(is_accepting, "the gateway says that it takes records again")
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


@pytest.mark.parametrize("full", ["journal", "store"])
def test_a_database_that_may_not_grow_delays_and_loses_nothing(bench, until, full, caplog):
    """The same without the right to mount a disk: SQLite itself refuses another page."""
    service = bench.start()
    writer = service.journal._connections.writer if full == "journal" else service._stores[0]._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    with bench.station("upper") as upper:
        for first_no in range(0, 8000, 200):
            upper.publish(stage_batch(first_no, [500 + number % 7 for number in range(200)]))
        until(lambda: "full" in caplog.text, "the gateway says that the file is full")
        assert not upper.has_receipts(7, 0, 7999, limit_s=0.2)
        writer.execute(f"PRAGMA max_page_count = {pages + 10_000}")
        assert upper.has_receipts(7, 0, 7999)
        until(service.is_idle, "the gateway is idle")
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(8000)), service.counts())


@pytest.mark.parametrize("file", ["journal", "store"])
def test_a_read_only_disk_is_told_at_the_start_and_a_restart_heals(bench, until, small_disk, file):
    if file == "journal":
        bench.settings = replace(bench.settings, journal=small_disk / "journal.sqlite")
    else:
        bench.settings = replace(bench.settings, stores=(EmbeddedSettings("embedded", small_disk / "o.sqlite"),))
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500] * 10))
        assert upper.has_receipts(7, 0, 9)
        bench.stop(service)
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        with pytest.raises((sqlite3.OperationalError, OSError), match=str(small_disk)):
            Service(bench.settings, bench.basin, now_ms=lambda: START_MS).start()
        upper.publish(stage_batch(10, [500] * 10))
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
        service = bench.start()
        assert upper.has_receipts(7, 0, 19)
        until(service.is_idle, "the gateway is idle")
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(20)), service.counts())


def test_databases_torn_by_a_power_cut_in_mid_write_have_all_that_was_receipted(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        for record_no in range(20):
            upper.publish(stage_batch(record_no, [500]))
        assert upper.has_receipts(7, 0, 19)
        until(service.is_idle, "the gateway is idle")
        # What a disk holds at a cut: the files as they are, and after them half of what was being written.
        torn = {path: path.read_bytes() for path in bench.folder.glob("*.sqlite*")}
        bench.stop(service)
        for path, content in torn.items():
            path.write_bytes(content + random.Random(path.name).randbytes(3000) if path.match("*-wal") else content)
        assert any(path.match("*-wal") and content for path, content in torn.items()), "there was nothing to tear"
        service = bench.start()
        upper.publish(stage_batch(20, [500]))
        assert upper.has_receipts(7, 20, 20)
        until(service.is_idle, "the gateway is idle")
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(21)), service.counts())


def test_a_store_that_was_moved_away_gets_what_the_journal_still_holds_under_another_name(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500] * 20))
        assert upper.has_receipts(7, 0, 19)
        bench.stop(service)
        (bench.folder / "observations.sqlite").rename(bench.folder / "damaged.sqlite")
        bench.settings = replace(bench.settings, stores=(replace(bench.settings.embedded, name="again"),))
        service = bench.start()
        upper.publish(stage_batch(20, [500] * 20))
        assert upper.has_receipts(7, 20, 39)
        until(service.is_idle, "the gateway is idle")
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(40)), service.counts())


@pytest.mark.parametrize("file", ["journal.sqlite", "observations.sqlite"])
def test_a_torn_database_is_told_at_the_start_and_left_as_it_is(bench, file):
    bench.stop(bench.start())
    path = bench.folder / file
    torn = path.read_bytes()
    torn = torn[:200] + bytes(range(256)) * ((len(torn) - 200) // 256)
    path.write_bytes(torn)
    service = Service(bench.settings, bench.basin, now_ms=lambda: START_MS)
    with pytest.raises(sqlite3.DatabaseError, match=rf"{file}.*restore"):
        service.start()
    assert path.read_bytes() == torn


def test_a_journal_with_a_flipped_byte_says_so_and_moved_away_nothing_is_lost(bench, until, victoria_metrics, caplog):
    url = f"http://127.0.0.1:{victoria_metrics.port}"
    away = InfluxSettings("victoria", "victoriametrics", url)
    bench.settings = replace(bench.settings, stores=(*bench.settings.stores, away))
    service = bench.start()
    stages_mm = [501, 777, 503, 888, 505, 999]
    with bench.station("upper") as upper:
        for record_no in range(20):
            upper.publish(stage_batch(6 * record_no, stages_mm))
        until(lambda: bench.store.count_records("upper", 0, 2**62) == 120, "the embedded store has all")
        bench.stop(service)
        flip_a_bit(bench.settings.journal, encode_data(stage_batch(6 * 13, stages_mm)))
        victoria_metrics.start()
        service = bench.start()
        until(lambda: "feeding victoria cannot go on" in caplog.text, "the damage is told")
        assert "journal.sqlite: the payload of frame 14 (upper, records 78 to 83 of log 7)" in caplog.text
        assert "move it away" in caplog.text
        bench.stop(service)
        for path in bench.folder.glob("journal.sqlite*"):
            path.rename(path.with_name(f"damaged-{path.name}"))
        service = bench.start()
        # What a station does that has no receipt: it sends the records again.
        for record_no in range(20):
            upper.publish(stage_batch(6 * record_no, stages_mm))
        assert upper.has_receipts(7, 0, 119)
        until(service.is_idle, "the gateway is idle")
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(120)), service.counts())
    assert stored_in_victoria_metrics(victoria_metrics.port) == names("upper", 7, range(120))
    assert service.counts()["records_lost_after_receipt"] == 0


def flip_a_bit(path, payload):
    """Flip one bit of a payload where it lies in the file."""
    content = bytearray(path.read_bytes())
    assert content.count(payload) == 1
    content[content.index(payload) + len(payload) - 3] ^= 1
    path.write_bytes(content)


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
