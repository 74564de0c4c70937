"""The journal: what the gateway has taken charge of and what it owes, on disk before anything is acknowledged.

The law this file keeps: everything that belongs together changes in one transaction, and a transaction is on disk
(SQLite, WAL, synchronous FULL, but for what can be repeated) when `with journal.transaction()` ends.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.alerts.reader import AlertReader
from gateway.alerts.tables import SCHEMA as ALERTS_SCHEMA
from gateway.entries import ALL_FRESH, COUNTS, SETTLED, DeadLetter, Frame, Outgoing, WrittenOff, whole
from gateway.newest_frames import NewestFrames
from gateway.schema import Step, prepare
from gateway.series import Seen, in_order_of_time, unpack
from gateway.transaction import Transaction
from gateway.windows import Run, Windows

__all__ = ["Journal"]

BUSY_TIMEOUT_S = 30.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS frame (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, so that a cursor stays true
    kind TEXT NOT NULL,
    station TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    key_id BLOB NOT NULL,
    log_id INTEGER NOT NULL,
    first_no INTEGER NOT NULL,
    last_no INTEGER NOT NULL,
    fresh TEXT NOT NULL,          -- indexes of the records to store as JSON, or "all"
    fresh_count INTEGER NOT NULL,
    payload BLOB NOT NULL         -- empty where nothing is fresh: the frame is then only owed a receipt
);
CREATE TABLE IF NOT EXISTS run (
    station TEXT, log_id INTEGER, first_no INTEGER, last_no INTEGER NOT NULL,
    first_ms INTEGER, step_ms INTEGER NOT NULL,
    PRIMARY KEY (station, log_id, first_no)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue (
    station TEXT, log_id INTEGER, begun_ms INTEGER NOT NULL,  -- when its first batch came
    PRIMARY KEY (station, log_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS written_off (
    station TEXT, log_id INTEGER, first_no INTEGER, last_no INTEGER NOT NULL, overwritten INTEGER NOT NULL,
    PRIMARY KEY (station, log_id, first_no)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    topic TEXT NOT NULL,
    authenticated INTEGER NOT NULL,
    payload BLOB NOT NULL,        -- the message as it came; of a dead record: what the MAC protected
    key_id BLOB NOT NULL,
    seq INTEGER,                  -- the frame, where a store refused a record of it
    log_id INTEGER,               -- the record, where a single record is dead
    record_no INTEGER,
    forged INTEGER NOT NULL,
    replay INTEGER NOT NULL DEFAULT 0,
    UNIQUE (seq, record_no)       -- a record that two stores refuse is dead once
);
CREATE INDEX IF NOT EXISTS dead_letter_to_replay ON dead_letter (replay) WHERE replay = 1;
CREATE INDEX IF NOT EXISTS dead_letter_of_strangers ON dead_letter (id) WHERE authenticated = 0;
CREATE TABLE IF NOT EXISTS report (
    station TEXT, leaf TEXT, boot_no INTEGER, message_no INTEGER,
    received_at_ms INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (station, boot_no, message_no)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursor (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, payload BLOB, retain INTEGER);
CREATE TABLE IF NOT EXISTS flag_state (
    station TEXT, threshold TEXT, state TEXT NOT NULL, PRIMARY KEY (station, threshold)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    station TEXT, variable TEXT, first_ms INTEGER, seq INTEGER, last_ms INTEGER NOT NULL,
    observations BLOB NOT NULL,   -- as series.py packs them
    PRIMARY KEY (station, variable, first_ms, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


# Until now tables were only added.
STEPS: Sequence[Step] = ()


class Journal:
    """The journal in one SQLite file. Any thread may use it: writing takes turns, and each thread reads on its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = threading.Lock()
        self._own = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self.alerts = AlertReader(self._read)
        self._newest = NewestFrames()

    def open(self) -> None:
        """Open the file, creating it if need be; raise sqlite3.Error when it is not a usable journal."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writer = self._connect()
            prepare(self._writer, SCHEMA + ALERTS_SCHEMA, STEPS)
        except sqlite3.Error as error:
            raise type(error)(
                f"{self.path}: {error}; expected a journal on a disk that can be written: correct the disk, or restore"
                " the journal from a backup; without one, move it away: what a store has is recognised again"
            ) from error

    def close(self) -> None:
        with self._turn:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._writer = None
            self._own = threading.local()
            self._newest.clear()

    @contextmanager
    def transaction(self, can_be_repeated: bool = False) -> Iterator[Transaction]:
        """Give a transaction that is on disk when the block ends, or was never there when it raises.

        One that can be repeated, such as a cursor moving on, is on disk with the next that cannot: a power cut may
        take it back whole, and with it all that came after it.
        """
        with self._turn:
            if self._writer is None:
                raise sqlite3.ProgrammingError("the journal is not open")
            self._writer.execute(f"PRAGMA synchronous = {'NORMAL' if can_be_repeated else 'FULL'}")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                transaction = Transaction(self._writer)
                yield transaction
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            if transaction.has_trimmed:
                self._newest.clear()
            self._newest.add(transaction.added)

    def used_bytes(self) -> int:
        """Return how much of the file is in use; what was removed is used again and does not count."""
        query = "SELECT (page_count - freelist_count) * page_size"
        rows = self._read(f"{query} FROM pragma_page_count, pragma_freelist_count, pragma_page_size")
        return int(rows[0][0])

    def head(self) -> int:
        """Return the seq of the last frame, 0 when there was never one."""
        rows = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'frame'")
        return rows[0][0] if rows else 0

    def frames(self, after: int, limit: int) -> list[Frame]:
        """Return up to `limit` frames with seq > `after`, in order."""
        newest = self._newest.after(after, limit)
        if newest is not None:
            return newest
        rows = self._read(
            "SELECT kind, station, received_at_ms, key_id, log_id, first_no, last_no, fresh, payload, seq"
            " FROM frame WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [_frame(row) for row in rows]

    def cursors(self) -> dict[str, int]:
        return dict(self._read("SELECT name, seq FROM cursor"))

    def counts(self) -> dict[str, int]:
        """Return COUNTS; `records_pending` are those to be stored that are not settled yet."""
        # One statement, so that all numbers are of one moment.
        rows = self._read(
            "WITH settled (seq) AS (SELECT coalesce((SELECT seq FROM cursor WHERE name = ?), 0))"
            " SELECT name, value FROM counter"
            " UNION ALL SELECT 'records_pending',"
            " (SELECT coalesce(sum(fresh_count), 0) FROM frame, settled WHERE frame.seq > settled.seq)"
            " - (SELECT count(*) FROM dead_letter, settled WHERE dead_letter.seq > settled.seq)",
            (SETTLED,),
        )
        return dict.fromkeys(COUNTS, 0) | dict(rows)

    def outbox(self, limit: int) -> list[Outgoing]:
        rows = self._read("SELECT topic, payload, retain, id FROM outbox ORDER BY id LIMIT ?", (limit,))
        return [Outgoing(row[0], row[1], bool(row[2]), row[3]) for row in rows]

    def flag_states(self) -> dict[tuple[str, str], str]:
        """Return the stored state of each (station, threshold)."""
        return {(row[0], row[1]): row[2] for row in self._read("SELECT station, threshold, state FROM flag_state")}

    def seen(self, station: str, variable: str, after_ms: int | None) -> list[Seen]:
        """Return what the thresholds of a variable have seen after the time, or at any, in the order of time."""
        rows = self._read(
            "SELECT observations FROM seen WHERE station = ?1 AND variable = ?2 AND (?3 IS NULL OR last_ms > ?3)",
            (station, variable, after_ms),
        )
        kept = (each for row in rows for each in unpack(row[0]))
        return in_order_of_time(each for each in kept if after_ms is None or each.at_ms > after_ms)

    def first_seen_ms(self, station: str, variable: str) -> int | None:
        """Return the time of the oldest observation that is kept of what the thresholds have seen."""
        rows = self._read("SELECT min(first_ms) FROM seen WHERE station = ? AND variable = ?", (station, variable))
        return rows[0][0] if rows else None

    def dead_letters(self, only_replay: bool = False) -> list[DeadLetter]:
        """Return the dead letters in the order they came; `only_replay`: those that someone asked to try again."""
        rows = self._read(
            "SELECT at_ms, reason, topic, authenticated, payload, key_id, seq, log_id, record_no, forged, id"
            " FROM dead_letter" + (" WHERE replay = 1" if only_replay else "") + " ORDER BY id"
        )
        return [_dead_letter(row) for row in rows]

    def queues(self) -> list[tuple[str, int]]:
        """Return (station, log id) of every queue that was heard of."""
        return [(row[0], row[1]) for row in self._read("SELECT station, log_id FROM queue")]

    def written_off(self) -> list[WrittenOff]:
        rows = self._read("SELECT * FROM written_off")
        return [WrittenOff(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]

    def load_windows(self) -> Windows:
        windows = Windows()
        runs: dict[tuple[str, int], list[Run]] = {}
        for row in self._read("SELECT station, log_id, first_no, last_no, first_ms, step_ms FROM run"):
            runs.setdefault((row[0], row[1]), []).append(Run(*row[2:]))
        for (station, log_id), its_runs in runs.items():
            windows.load(station, log_id, its_runs)
        return windows

    def _read(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        reader: sqlite3.Connection | None = getattr(self._own, "reader", None)
        if reader is None:
            reader = self._own.reader = self._connect()
        return reader.execute(query, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        self._connections.append(connection)
        return connection


def _frame(row: Sequence[Any]) -> Frame:
    kind, station, received_at_ms, key_id, log_id, first_no, last_no, text, payload, seq = row
    fresh = whole(last_no - first_no + 1) if text == ALL_FRESH else tuple(json.loads(text))
    return Frame(kind, station, received_at_ms, key_id, log_id, first_no, last_no, fresh, payload, seq)


def _dead_letter(row: Sequence[Any]) -> DeadLetter:
    at_ms, reason, topic, authenticated, payload, key_id, seq, log_id, record_no, forged, letter_id = row
    return DeadLetter(
        at_ms, reason, topic, bool(authenticated), payload, key_id, seq, log_id, record_no, bool(forged), letter_id
    )
