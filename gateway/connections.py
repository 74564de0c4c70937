"""One SQLite file used by many threads: writing takes turns, each thread reads on its own connection.

The law this file keeps: no connection is closed while a thread is inside it, which SQLite does not survive.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.damage import telling_of_damage

__all__ = ["Connections", "committing"]

BUSY_TIMEOUT_S = 30.0


class Connections:
    """The connections to the file at `path`; none until it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: sqlite3.Connection | None = None
        self._turn = threading.Lock()
        self._own = threading.local()
        self._readers: list[_Reader] = []
        self._registering = threading.Lock()  # not the turn: who has that may begin to read

    def open(self, prepare: Callable[[sqlite3.Connection], None]) -> None:
        """Open the file for writing, creating it if need be, and prepare it; raise sqlite3.Error."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._turn:
            self.writer = self._connect()
            prepare(self.writer)

    def close(self) -> None:
        with self._turn, self._registering:
            for reader in self._readers:
                with reader.lock:
                    reader.connection.close()
            self._readers.clear()
            self._own = threading.local()
            if self.writer is not None:
                self.writer.close()
                self.writer = None

    @contextmanager
    def turn(self) -> Iterator[sqlite3.Connection]:
        """Give the writer to one thread alone."""
        with self._turn:
            if self.writer is None:
                raise sqlite3.ProgrammingError(f"{self.path} is not open")
            with telling_of_damage(self.path):
                yield self.writer

    def read(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        reader: _Reader | None = getattr(self._own, "reader", None)
        if reader is None:
            reader = self._own.reader = self._new_reader()
        with reader.lock, telling_of_damage(self.path):
            return reader.connection.execute(query, values).fetchall()

    def _new_reader(self) -> "_Reader":
        with self._registering:
            if self.writer is None:
                raise sqlite3.ProgrammingError(f"{self.path} is not open")
            reader = _Reader(self._connect())
            self._readers.append(reader)
            return reader

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


@contextmanager
def committing(writer: sqlite3.Connection, is_durable: bool) -> Iterator[None]:
    """Commit when the block ends, roll back when it raises; what is not durable is on disk with the next that is."""
    writer.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
    writer.execute("BEGIN IMMEDIATE")
    try:
        yield
        writer.execute("COMMIT")
    except BaseException:
        if writer.in_transaction:
            writer.execute("ROLLBACK")
        raise


class _Reader:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.lock = threading.Lock()
