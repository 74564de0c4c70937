"""What is removed from the embedded store, and when: nothing, unless the settings say so."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from gateway.entries import Report
from gateway.expiry import EVERY_S, Expiry
from gateway.journal import Journal
from gateway.observations import Flag, Revision
from gateway.settings import EmbeddedSettings, WebSettings
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.retention import remove_before
from gateway.stores.store import Delivery
from gateway.transaction import REPORTS_PER_STATION
from protocol.quality import GOOD
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, stage_batch

FOREVER_MS = (0, 2**62)
DAY_MS = 86_400_000
RECORDS = 3 * 96  # three days of quarter hours


def flag(cleared_at_ms):
    return Flag("b", "upper", f"watch-{cleared_at_ms}", "level", "stage_m", "above", "cleared", START_MS, START_MS,
                cleared_at_ms, 1.2, START_MS, 1.0, 0.8, "us")  # fmt: skip


@pytest.fixture
def store(tmp_path):
    """A store with three days of two stations."""
    one = EmbeddedStore(tmp_path / "observations.sqlite")
    one.open()
    for station in ("lower", "upper"):
        batch = stage_batch(0, [500] * RECORDS, gaps=[(900, 905)])
        one.write([Delivery(1, "b", station, START_MS, batch, tuple(range(RECORDS)))])
    yield one
    one.close()


def rows(store, table):
    with closing(sqlite3.connect(store.path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_day_of_each_station_goes_at_a_time_until_nothing_is_older(store):
    before_ms = START_MS + 2 * DAY_MS + 10 * RECORD_EVERY_MS
    assert remove_before(store.path, before_ms)
    assert store.count_records("upper", *FOREVER_MS) == store.count_records("lower", *FOREVER_MS) == RECORDS - 96
    assert remove_before(store.path, before_ms)
    assert not remove_before(store.path, before_ms)
    observations = store.read_observations("upper", *FOREVER_MS)
    assert observations[0].observed_at_ms == before_ms, "what is as old as that is kept"
    assert len(observations) == 2 * (RECORDS - 2 * 96 - 10)
    assert not remove_before(store.path, before_ms)
    kept = 2 * (RECORDS - 2 * 96 - 10)
    assert (rows(store, "record"), rows(store, "observation")) == (kept, 2 * kept)


def test_revisions_flags_and_gaps_go_with_their_time(store):
    batch = stage_batch(1000, [500])
    times_ms = (START_MS, START_MS + DAY_MS, START_MS + 2 * DAY_MS)
    rated = tuple(
        Revision("b", "upper", 1, "discharge_m3_s", at_ms, 50.0, GOOD, "rating", "r-1", 1) for at_ms in times_ms
    )
    store.write([Delivery(2, "b", "upper", START_MS, batch, (0,), rated, flag(START_MS + DAY_MS))])
    store.write([Delivery(3, "b", "upper", START_MS, flag=flag(START_MS + 3 * DAY_MS))])
    store.write([Delivery(4, "b", "upper", START_MS, flag=replace(flag(None), state="raised", threshold="lasting"))])
    while remove_before(store.path, START_MS + 2 * DAY_MS):
        pass
    assert {each.threshold for each in store.read_flags("upper", *FOREVER_MS)} == {
        f"watch-{START_MS + 3 * DAY_MS}", "lasting",
    }  # fmt: skip
    assert store.read_gaps("upper") == []
    assert [each.observed_at_ms for each in store.read_revisions("upper", *FOREVER_MS)] == [START_MS + 2 * DAY_MS]


def test_steps_follow_at_once_until_only_what_is_kept_is_left(store):
    expiry = Expiry(store.path, 1, lambda: START_MS + 3 * DAY_MS)
    assert [expiry.step() for _ in range(3)] == [0, EVERY_S, EVERY_S]
    assert store.count_records("upper", *FOREVER_MS) == 97, "of a day up to the newest"


@pytest.mark.parametrize("years_ahead", [(), ("upper",)], ids=["the gateway", "the gateway and a station"])
def test_a_clock_set_years_ahead_empties_no_store(store, years_ahead):
    ahead_ms = 10 * 366 * DAY_MS
    for station in years_ahead:
        batch = stage_batch(RECORDS, [500], start_ms=START_MS + ahead_ms)
        store.write([Delivery(2, "b", station, START_MS, batch, (0,))])
    expiry = Expiry(store.path, 1, lambda: START_MS + ahead_ms)
    while expiry.step() == 0:
        pass
    assert store.count_records("lower", *FOREVER_MS) == 97, "the last of its three days"


def test_a_store_without_records_has_nothing_to_remove(tmp_path):
    empty = EmbeddedStore(tmp_path / "empty.sqlite")
    empty.open()
    assert Expiry(empty.path, 1, lambda: START_MS).step() == EVERY_S
    empty.close()


def test_a_store_that_cannot_be_written_is_told_and_tried_later(store, caplog):
    store._writer.execute("DROP TABLE gap")
    expiry = Expiry(store.path, 1, lambda: START_MS)
    assert expiry.step() > 0
    assert "no such table: gap" in caplog.text


def test_a_gateway_keeps_all_unless_it_is_told_otherwise(bench, until):
    with bench.station("upper") as upper:
        service = bench.start()
        upper.publish(stage_batch(0, [500] * 10))
        assert upper.has_receipts(7, 0, 9)
        after_a_month = 31 * 96 + 5
        upper.publish(stage_batch(after_a_month, [500]))
        assert upper.has_receipts(7, after_a_month, after_a_month)
    bench.stop(service)
    assert bench.store.count_records("upper", *FOREVER_MS) == 11
    path = bench.settings.embedded.path
    kept = EmbeddedSettings("embedded", path, retention_days=31)
    bench.settings = replace(bench.settings, stores=(kept,), web=WebSettings("127.0.0.1", 0))
    bench.now_ms = START_MS + 31 * DAY_MS + 5 * RECORD_EVERY_MS
    bench.start()
    until(lambda: bench.store.count_records("upper", *FOREVER_MS) == 6, "what is older is removed")


def test_of_each_station_a_bounded_number_of_reports_is_kept(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    journal.open()
    with journal.transaction() as transaction:
        for number in range(REPORTS_PER_STATION + 20):
            assert transaction.add_report(Report("upper", "event", 1, number, 5, b"x"))
        assert transaction.add_report(Report("lower", "event", 1, 0, 5, b"x"))
        assert not transaction.add_report(Report("upper", "event", 1, 3, 5, b"x")), "one dropped is no newer for that"
    numbers = [row[0] for row in journal._connections.read("SELECT message_no FROM report WHERE station = 'upper'")]
    assert (min(numbers), len(numbers)) == (20, REPORTS_PER_STATION)
    assert journal._connections.read("SELECT count(*) FROM report WHERE station = 'lower'") == [(1,)]
    journal.close()
