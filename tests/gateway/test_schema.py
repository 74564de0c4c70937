"""Files that an older or a newer gateway wrote: brought up to date, or left as they are, and said so."""

import contextlib
import sqlite3

import pytest

from gateway.entries import DATA, Frame
from gateway.journal import Journal
from gateway.observations import Flag
from gateway.schema import prepare, version_of
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.store import Delivery

FOREVER_MS = (0, 2**62)

# As the first gateway wrote it: a flag did not say what cleared it.
FIRST_OBSERVATIONS = """
CREATE TABLE record (
    station TEXT NOT NULL, observed_at_ms INTEGER NOT NULL, log_id INTEGER NOT NULL, record_no INTEGER NOT NULL,
    basin TEXT NOT NULL, configuration_no INTEGER NOT NULL, clock_quality INTEGER NOT NULL, test BOOLEAN NOT NULL,
    received_at_ms INTEGER NOT NULL, provenance TEXT NOT NULL,
    PRIMARY KEY (station, observed_at_ms), UNIQUE (station, log_id, record_no)
) WITHOUT ROWID;
CREATE TABLE observation (
    station TEXT, sensor INTEGER, variable TEXT, observed_at_ms INTEGER,
    value REAL, quality INTEGER NOT NULL, null_reason INTEGER,
    PRIMARY KEY (station, sensor, variable, observed_at_ms)
) WITHOUT ROWID;
CREATE TABLE flag (
    basin TEXT NOT NULL, station TEXT, threshold TEXT, kind TEXT NOT NULL, variable TEXT NOT NULL,
    direction TEXT NOT NULL, state TEXT NOT NULL, first_detected_at_ms INTEGER, raised_at_ms INTEGER NOT NULL,
    cleared_at_ms INTEGER, peak REAL NOT NULL, peak_at_ms INTEGER NOT NULL,
    raise_value REAL NOT NULL, clear_value REAL NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (station, threshold, first_detected_at_ms)
) WITHOUT ROWID;
INSERT INTO record VALUES ('upper', 5, 7, 0, 'b', 1, 0, 0, 6, 'authenticated');
INSERT INTO observation VALUES ('upper', 1, 'stage_m', 5, 1.25, 1, NULL);
INSERT INTO flag
VALUES ('b', 'upper', 'watch', 'level', 'stage_m', 'above', 'raised', 5, 5, NULL, 1.2, 5, 1.0, 0.8, 'us');
"""
# As it was before late data, queues and losses were kept.
FIRST_JOURNAL = """
CREATE TABLE frame (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, station TEXT NOT NULL, received_at_ms INTEGER NOT NULL,
    key_id BLOB NOT NULL, log_id INTEGER NOT NULL, first_no INTEGER NOT NULL, last_no INTEGER NOT NULL,
    fresh TEXT NOT NULL, fresh_count INTEGER NOT NULL, payload BLOB NOT NULL
);
CREATE TABLE cursor (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO frame VALUES (3, 'data', 'upper', 5, x'75', 7, 0, 1, '[0, 1]', 2, x'80');
INSERT INTO cursor VALUES ('embedded', 2);
"""
FLAG = Flag("b", "upper", "watch", "level", "stage_m", "above", "raised", 5, 5, None, 1.2, 5, 1.0, 0.8, "us")


@pytest.fixture
def write(tmp_path):
    """Write a file by SQL and return its path."""

    def write_file(script, version=0):
        path = tmp_path / "older.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
            connection.execute(f"PRAGMA user_version = {version}")
        return path

    return write_file


def version_in(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return version_of(connection)


def test_observations_of_the_first_gateway_are_read_and_written_on(write):
    store = EmbeddedStore(write(FIRST_OBSERVATIONS))
    store.open()
    assert store.read_flags(None, *FOREVER_MS) == [FLAG]
    assert [each.value for each in store.read_observations("upper", *FOREVER_MS)] == [1.25]
    store.write([Delivery(1, "b", "upper", 6, flag=FLAG)])
    assert len(store.read_flags(None, *FOREVER_MS)) == 1
    assert version_in(store.path) == 1
    store.close()


def test_what_only_reads_an_older_file_says_what_to_do(write):
    with pytest.raises(sqlite3.DatabaseError, match="start its gateway once"):
        EmbeddedStore(write(FIRST_OBSERVATIONS)).read_flags(None, *FOREVER_MS)


def test_a_journal_of_the_first_gateway_goes_on_where_it_was(write):
    journal = Journal(write(FIRST_JOURNAL))
    journal.open()
    assert journal.frames(2, 9) == [Frame(DATA, "upper", 5, b"u", 7, 0, 1, (0, 1), b"\x80", 3)]
    assert journal.cursors() == {"embedded": 2}
    assert journal.queues() == []
    with journal.transaction() as transaction:
        transaction.add_queue("upper", 7, 5)
    assert journal.queues() == [("upper", 7)]
    journal.close()


@pytest.mark.parametrize("kind", [Journal, EmbeddedStore])
def test_a_file_of_a_newer_gateway_is_left_as_it_is(write, kind):
    path = write("CREATE TABLE later (x);", version=99)
    content = path.read_bytes()
    with pytest.raises(sqlite3.DatabaseError, match=r"older\.sqlite: its tables are of version 99.*install the newer"):
        kind(path).open()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_schema")] == ["later"]
    assert len(content) == path.stat().st_size


def test_a_step_that_fails_leaves_the_file_of_its_version(write):
    def fail(connection):
        connection.execute("ALTER TABLE flag ADD COLUMN more TEXT")
        raise sqlite3.OperationalError("disk I/O error")

    path = write(FIRST_OBSERVATIONS)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="disk"):
            prepare(connection, "CREATE TABLE another (x)", [fail])
        assert version_of(connection) == 0
        assert "more" not in [row[1] for row in connection.execute("PRAGMA table_info(flag)")]


def test_trying_whether_the_disk_takes_it_keeps_the_version(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    journal.open()
    journal._connections.writer.execute("PRAGMA user_version = 5")
    with journal.transaction() as transaction:
        transaction.touch()
    assert version_in(journal.path) == 5
    journal.close()
