"""A gateway that runs is backed up, lost, restored on an empty machine, and goes on."""

import contextlib
import gzip
import io
import shutil
import sqlite3
import stat
import tarfile
import threading
from dataclasses import replace

import pytest

from gateway.backup import BackupError, make_backup, restore_backup
from gateway.settings import EmbeddedSettings
from gateway.stores.embedded import EmbeddedStore
from tests.fakes.publisher import START_MS, stage_batch

FOREVER_MS = (0, 2**62)


def moved(settings, folder):
    """Return the settings of another machine."""
    return replace(
        settings,
        keys=folder / "keys",
        journal=folder / "state" / "journal.sqlite",
        stores=(EmbeddedSettings("embedded", folder / "state" / "observations.sqlite"),),
    )


@pytest.fixture
def backed_up(bench, tmp_path):
    """A gateway with two records, and its backup."""
    bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500, 501]))
        assert upper.has_receipts(7, 0, 1)
    make_backup(bench.settings, tmp_path / "backup.tar.gz", START_MS)
    return tmp_path / "backup.tar.gz"


def test_a_restored_gateway_knows_what_it_had_and_goes_on(bench, backed_up, tmp_path, until):
    bench.stop(bench.services[0])
    new = moved(bench.settings, tmp_path / "new")
    restore_backup(new, backed_up)
    for path in tmp_path.glob("journal.sqlite*"), tmp_path.glob("observations.sqlite*"):
        for file in path:
            file.unlink()
    shutil.rmtree(bench.settings.keys)
    bench.settings = new
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500, 501, 502]))
        assert upper.has_receipts(7, 0, 2)
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert (counts["records_received"], counts["records_stored"], counts["records_duplicate"]) == (5, 3, 2)
    assert EmbeddedStore(new.stores[0].path).count_records("upper", *FOREVER_MS) == 3


def test_a_backup_made_under_load_is_whole(bench, tmp_path):
    bench.start()
    is_over = threading.Event()
    sent = []

    def send_all_the_while():
        with bench.station("upper") as upper:
            while not is_over.is_set():
                upper.publish(stage_batch(len(sent), [500 + len(sent) % 100]))
                sent.append(1)

    sender = threading.Thread(target=send_all_the_while)
    sender.start()
    try:
        for number in range(5):
            make_backup(bench.settings, tmp_path / f"{number}.tar.gz", START_MS)
    finally:
        is_over.set()
        sender.join()
    assert len(sent) > 5, "there was load"
    for number in range(5):
        new = moved(bench.settings, tmp_path / f"new-{number}")
        restore_backup(new, tmp_path / f"{number}.tar.gz")
        assert_the_store_has_what_the_journal_says(new)


def assert_the_store_has_what_the_journal_says(settings):
    with contextlib.closing(sqlite3.connect(settings.journal)) as journal:
        counted = dict(journal.execute("SELECT name, value FROM counter")).get("records_stored", 0)
    assert EmbeddedStore(settings.stores[0].path).count_records("upper", *FOREVER_MS) >= counted


def test_the_archive_and_the_restored_keys_are_for_their_owner_alone(bench, backed_up, tmp_path):
    key = bench.settings.keys / "test-basin" / "upper.key"
    key.chmod(0o600)
    make_backup(bench.settings, tmp_path / "second.tar.gz", START_MS)
    new = moved(bench.settings, tmp_path / "new")
    restore_backup(new, tmp_path / "second.tar.gz")
    restored = new.keys / "test-basin" / "upper.key"
    assert restored.read_bytes() == key.read_bytes()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (restored, tmp_path / "second.tar.gz")} == {0o600}


def test_nothing_is_overwritten(bench, backed_up, tmp_path):
    with pytest.raises(BackupError, match="expected an empty place"):
        restore_backup(bench.settings, backed_up)
    with pytest.raises(BackupError, match="expected a name that is free"):
        make_backup(bench.settings, backed_up, START_MS)


@pytest.mark.parametrize("name", ["journal.sqlite-wal", "observations.sqlite-shm"])
def test_what_a_killed_gateway_left_beside_a_database_is_not_mixed_into_the_restored_one(
    bench, backed_up, tmp_path, name
):
    new = moved(bench.settings, tmp_path / "new")
    left = new.journal.with_name(name)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of another file")
    with pytest.raises(BackupError, match=f"{name}: found something, expected an empty place"):
        restore_backup(new, backed_up)


def test_a_gateway_that_never_ran_has_nothing_to_back_up(bench, tmp_path):
    with pytest.raises(BackupError, match=r"journal\.sqlite: found nothing"):
        make_backup(bench.settings, tmp_path / "backup.tar.gz", START_MS)
    assert not (tmp_path / "backup.tar.gz").exists()


@pytest.mark.parametrize("kept", [0, 4096], ids=["in its head", "in a page of a table"])
def test_a_damaged_store_is_told_and_no_backup_is_left(bench, backed_up, tmp_path, kept):
    bench.stop(bench.services[0])
    store = bench.settings.stores[0].path
    whole = store.read_bytes()
    store.write_bytes(whole[:kept] + b"\xff" * 4096 + whole[kept + 4096 :])
    with pytest.raises(BackupError, match=r"observations\.sqlite"):
        make_backup(bench.settings, tmp_path / "second.tar.gz", START_MS)
    assert not (tmp_path / "second.tar.gz").exists()


def test_another_set_of_stores_is_told(bench, backed_up, tmp_path):
    new = moved(bench.settings, tmp_path / "new")
    new = replace(new, stores=(replace(new.stores[0], name="other"),))
    with pytest.raises(BackupError, match=r"found embedded\.store\.sqlite, journal\.sqlite, expected journal.*other"):
        restore_backup(new, backed_up)


def rewritten(archive, change):
    """Return the archive with the content of each member as `change(name, content)` gives it."""
    result = io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=result, mode="w:gz") as new:
        for member in old.getmembers():
            name, content = change(member.name, old.extractfile(member).read())
            header = tarfile.TarInfo(name)
            header.size = len(content)
            new.addfile(header, io.BytesIO(content))
    return result.getvalue()


DAMAGE = {
    "cut short": (lambda path: path.read_bytes()[:-2000], "expected an archive of `rivergauge backup`, whole"),
    "no archive": (lambda path: b"notes", "expected an archive"),
    "another archive": (lambda path: gzip.compress(b"notes"), "expected an archive"),
    "a changed file": (
        lambda path: rewritten(path, lambda name, content: (name, content + b" " * name.endswith(".key"))),
        "upper.key is not what was put in|lower.key is not what was put in",
    ),
    "a file more": (
        lambda path: rewritten(path, lambda name, content: (name.replace("lower.key", "more.key"), content)),
        "lower.key is not what was put in",
    ),
    "a path that leads out": (
        lambda path: rewritten(path, lambda name, content: (name.replace("keys/", "../../keys/"), content)),
        "outside the destination",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_an_archive_that_is_not_whole_is_refused_and_leaves_nothing(bench, backed_up, tmp_path, damage, message):
    backed_up.write_bytes(damage(backed_up))
    new = moved(bench.settings, tmp_path / "new")
    with pytest.raises(BackupError, match=message):
        restore_backup(new, backed_up)
    assert not [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
