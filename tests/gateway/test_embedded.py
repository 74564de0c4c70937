"""The embedded store, where no server is needed to see what it does."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.observations import Flag, Gap, Revision
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.store import Away, Delivery, RefusedRecord, Written
from gateway.windows import SAME_INSTANT
from protocol.quality import GOOD
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, stage_batch

FOREVER_MS = (0, 2**62)


@pytest.fixture
def store(tmp_path):
    store = EmbeddedStore(tmp_path / "observations.sqlite")
    store.open()
    yield store
    store.close()


def delivery(first_no=0, stages_mm=(500, 501), seq=1, revisions=(), **changes):
    batch = stage_batch(first_no, list(stages_mm), **changes)
    return Delivery(seq, "b", "upper", 99, batch, tuple(range(len(stages_mm))), revisions)


def revision(index=0, number=1, value=50.0):
    at_ms = START_MS + index * RECORD_EVERY_MS
    return Revision("b", "upper", 1, "discharge_m3_s", at_ms, value, GOOD, "rating", "r", number)


def flag(first_ms, cleared_ms=None):
    state = "raised" if cleared_ms is None else "cleared"
    return Flag(
        "b", "upper", "watch", "level", "stage_m", "above", state, first_ms, first_ms, cleared_ms, 1.2, first_ms,
        1.0, 0.8, "us",
    )  # fmt: skip


def stages(store):
    return [each.value for each in store.read_observations("upper", *FOREVER_MS) if each.variable == "stage_m"]


def test_the_same_delivery_written_twice_changes_nothing(store):
    for _ in range(2):
        assert store.write([delivery(revisions=(revision(),))]) == Written()
    assert stages(store) == [0.5, 0.501]
    assert store.count_records("upper", *FOREVER_MS) == 2
    assert store.read_revisions("upper", *FOREVER_MS) == [revision()]


def test_another_record_for_an_instant_is_refused_with_what_was_derived_from_it_and_the_rest_is_written(store):
    store.write([delivery(revisions=(revision(),))])
    clash = delivery(1, (900, 901), seq=2, log_id=8, revisions=(revision(1, value=90.0), revision(2, value=90.1)))
    assert store.write([clash]) == Written((RefusedRecord(2, 1, SAME_INSTANT),))
    assert stages(store) == [0.5, 0.501, 0.901]
    assert [each.value for each in store.read_revisions("upper", *FOREVER_MS)] == [50.0, 90.1]


def test_a_range_includes_its_beginning_and_not_its_end(store):
    store.write([delivery(0, (500, 501, 502))])
    found = store.read_observations("upper", START_MS + RECORD_EVERY_MS, START_MS + 2 * RECORD_EVERY_MS)
    assert {each.record_no for each in found} == {1}
    assert store.count_records("upper", START_MS, START_MS + 2 * RECORD_EVERY_MS) == 2


def test_a_second_revision_stands_beside_the_first(store):
    store.write(
        [delivery(revisions=(revision(number=1),)), delivery(revisions=(revision(number=2, value=51.0),), seq=2)]
    )
    assert [each.value for each in store.read_revisions("upper", *FOREVER_MS)] == [50.0, 51.0]


def test_a_flag_is_one_row_that_follows_its_state(store):
    store.write([Delivery(1, "b", "upper", 0, flag=flag(1000)), Delivery(2, "b", "upper", 0, flag=flag(1000, 5000))])
    assert store.read_flags("upper", *FOREVER_MS) == [flag(1000, 5000)]


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "is_found"),
    [(0, 1000, False), (0, 1001, True), (3000, 4000, True), (5000, 6000, True), (5001, 6000, False)],
)
def test_flags_are_found_in_every_range_in_which_they_were_raised(store, from_ms, to_ms, is_found):
    store.write([Delivery(1, "b", "upper", 0, flag=flag(1000, 5000))])
    assert bool(store.read_flags(None, from_ms, to_ms)) == is_found
    assert store.read_flags("lower", from_ms, to_ms) == []


def test_a_gap_told_twice_is_one_gap(store):
    for first_no in (10, 12):
        store.write([delivery(first_no, gaps=[(3, 9)])])
    assert store.read_gaps("upper") == [Gap("b", "upper", 7, 3, 9, 99)]


def test_the_test_mark_and_the_quality_come_back(store):
    store.write([delivery(0, (500,), test=True, qualities={0: 3})])
    observation = next(each for each in store.read_observations("upper", *FOREVER_MS) if each.variable == "stage_m")
    assert (observation.test, observation.quality) == (True, 3)


def test_another_process_reads_while_the_gateway_writes_and_after_it_has_ended(store):
    def count_elsewhere():
        code = (
            "import sys; from gateway.stores.embedded import EmbeddedStore; from pathlib import Path;"
            "print(EmbeddedStore(Path(sys.argv[1])).count_records('upper', 0, 2**62))"
        )
        return int(subprocess.run([sys.executable, "-c", code, store.path], capture_output=True, check=True).stdout)

    store.write([delivery()])
    assert count_elsewhere() == 2
    store.close()
    assert count_elsewhere() == 2


def test_a_file_that_is_not_there_yet_holds_nothing(tmp_path):
    reader = EmbeddedStore(tmp_path / "none.sqlite")
    assert reader.read_observations("upper", *FOREVER_MS) == []
    assert reader.count_records("upper", *FOREVER_MS) == 0
    assert not reader.path.exists()


def test_a_store_locked_by_another_is_away_and_has_written_nothing(store):
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store._writer.execute("PRAGMA busy_timeout = 10")
    outcome = store.write([delivery()])
    assert isinstance(outcome, Away)
    assert "observations.sqlite" in outcome.reason
    other.execute("ROLLBACK")
    other.close()
    assert store.write([delivery()]) == Written()


def test_a_store_closed_while_it_is_written_to_takes_the_group_back_and_takes_it_again_later(store, until):
    group = [delivery(first_no, [500] * 500, seq=first_no) for first_no in range(0, 50_000, 500)]
    log = store.path.with_name("observations.sqlite-wal")
    before = log.stat().st_size
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(store.write, group)
        # A transaction of this size does not wait in memory for its end.
        until(lambda: log.stat().st_size > before or writing.done(), "it is written to")
        store.close()
        outcome = writing.result(timeout=60)
    assert isinstance(outcome, Away)
    assert store.count_records("upper", *FOREVER_MS) == 0
    store.open()
    assert store.write(group) == Written()
    assert store.count_records("upper", *FOREVER_MS) == 50_000


def test_a_full_disk_is_away_and_writing_goes_on_when_there_is_room(store):
    pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
    store._writer.execute(f"PRAGMA max_page_count = {pages}")
    large = delivery(0, range(400))
    assert isinstance(store.write([large]), Away)
    assert store.count_records("upper", *FOREVER_MS) == 0
    store._writer.execute(f"PRAGMA max_page_count = {pages + 1000}")
    assert store.write([large]) == Written()
    assert store.count_records("upper", *FOREVER_MS) == 400
