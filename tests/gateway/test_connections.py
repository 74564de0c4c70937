"""One SQLite file used by many threads."""

import sqlite3
import threading
from contextlib import closing

import pytest

from gateway.connections import Connections, committing

SLOW = (
    "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?) SELECT sum(n) FROM number"
)


@pytest.fixture
def connections(tmp_path):
    one = Connections(tmp_path / "file.sqlite")
    one.open(lambda writer: writer.execute("CREATE TABLE kept (x)"))
    yield one
    one.close()


def test_a_thread_that_reads_is_waited_for_when_the_file_is_closed(connections):
    found = []
    is_reading = threading.Event()

    def read():
        connections.read("SELECT 1")
        is_reading.set()
        found.append(connections.read(SLOW, (300_000,))[0][0])

    thread = threading.Thread(target=read)
    thread.start()
    assert is_reading.wait(10)
    while not connections._readers[0].lock.locked():  # it is inside the slow query
        pass
    connections.close()
    thread.join(10)
    assert found == [300_000 * 300_001 // 2]


def test_nothing_is_read_or_written_of_what_is_closed(connections):
    connections.read("SELECT 1")
    connections.close()
    with pytest.raises(sqlite3.ProgrammingError, match=r"file\.sqlite is not open"):
        connections.read("SELECT 1")
    with pytest.raises(sqlite3.ProgrammingError, match=r"file\.sqlite is not open"), connections.turn():
        pass


def test_who_writes_may_read_for_the_first_time_and_sees_what_is_committed(connections):
    found = []

    def write_and_read():
        with connections.turn() as writer, committing(writer, is_durable=True):
            writer.execute("INSERT INTO kept VALUES (1)")
            found.append(connections.read("SELECT count(*) FROM kept"))

    thread = threading.Thread(target=write_and_read, daemon=True)
    thread.start()
    thread.join(10)
    assert found == [[(0,)]]


def test_what_raises_leaves_nothing(connections):
    with pytest.raises(RuntimeError), connections.turn() as writer, committing(writer, is_durable=True):
        writer.execute("INSERT INTO kept VALUES (1)")
        raise RuntimeError
    with connections.turn() as writer, committing(writer, is_durable=True):
        writer.execute("INSERT INTO kept VALUES (2)")
    assert connections.read("SELECT x FROM kept") == [(2,)]


def test_it_can_be_opened_again_by_the_same_threads(connections):
    connections.read("SELECT 1")
    connections.close()
    connections.open(lambda writer: None)
    assert connections.read("SELECT count(*) FROM kept") == [(0,)]
    with closing(sqlite3.connect(connections.path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
