"""The journal: what the gateway has taken charge of and what it owes, on disk before anything is acknowledged.

The law this file keeps: everything that belongs together changes in one transaction, and a transaction is on disk
(SQLite, WAL, synchronous FULL) when `with journal.transaction()` ends.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.windows import Run, Windows

__all__ = ["COUNTS", "DATA", "FLAG", "SETTLED", "DeadLetter", "Frame", "Journal", "Outgoing", "Report", "Transaction"]

DATA = "data"  # an authenticated batch of records; the payload is what the MAC protects
FLAG = "flag"  # a flag of ours on its way to the stores; the payload is JSON

SETTLED = "settled"  # the cursor behind which every record is stored or dead

# messages received = decoded + refused + forged; records received = stored + duplicate + dead + pending
COUNTS = (
    "messages_received", "messages_decoded", "messages_refused", "messages_forged", "messages_stale",
    "records_received", "records_stored", "records_duplicate", "records_dead", "records_pending",
)  # fmt: skip

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
    fresh TEXT NOT NULL,          -- JSON: indexes of the records to store
    fresh_count INTEGER NOT NULL,
    payload BLOB NOT NULL         -- empty where nothing is fresh: the frame is then only owed a receipt
);
CREATE TABLE IF NOT EXISTS run (
    station TEXT, log_id INTEGER, first_no INTEGER, last_no INTEGER NOT NULL,
    first_ms INTEGER, step_ms INTEGER NOT NULL,
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
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """One entry of the journal; `seq` is 0 until it is written."""

    kind: str
    station: str
    received_at_ms: int
    key_id: bytes
    log_id: int
    first_no: int
    last_no: int
    fresh: tuple[int, ...]
    payload: bytes
    seq: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one record of a message, that cannot be stored, kept with the reason."""

    at_ms: int
    reason: str
    topic: str
    authenticated: bool
    payload: bytes
    key_id: bytes = b""
    seq: int | None = None  # of the frame, where a store refused a record of it
    log_id: int | None = None
    record_no: int | None = None
    forged: bool = False
    id: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A birth, event or reply of a station; (boot_no, message_no) rises strictly with every one of them."""

    station: str
    leaf: str
    boot_no: int
    message_no: int
    received_at_ms: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that the gateway owes to the broker."""

    topic: str
    payload: bytes
    retain: bool
    id: int = 0


class Journal:
    """The journal in one SQLite file. Any thread may use it: writing takes turns, and each thread reads on its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = threading.Lock()
        self._own = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, creating it if need be; raise sqlite3.Error when it is not a usable journal."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._connect()
        self._writer.executescript(SCHEMA)

    def close(self) -> None:
        with self._turn:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._writer = None
            self._own = threading.local()

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """Give a transaction that is on disk when the block ends, or was never there when it raises."""
        with self._turn:
            if self._writer is None:
                raise sqlite3.ProgrammingError("the journal is not open")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def head(self) -> int:
        """Return the seq of the last frame, 0 when there was never one."""
        rows = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'frame'")
        return rows[0][0] if rows else 0

    def frames(self, after: int, limit: int) -> list[Frame]:
        """Return up to `limit` frames with seq > `after`, in order."""
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

    def dead_letters(self, only_replay: bool = False) -> list[DeadLetter]:
        """Return the dead letters in the order they came; `only_replay`: those that someone asked to try again."""
        rows = self._read(
            "SELECT at_ms, reason, topic, authenticated, payload, key_id, seq, log_id, record_no, forged, id"
            " FROM dead_letter" + (" WHERE replay = 1" if only_replay else "") + " ORDER BY id"
        )
        return [_dead_letter(row) for row in rows]

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


class Transaction:
    """What can be changed in the journal; see `Journal.transaction`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add_frame(self, frame: Frame) -> int:
        """Append the frame and return its seq."""
        added = self._connection.execute(
            "INSERT INTO frame (kind, station, received_at_ms, key_id, log_id, first_no, last_no, fresh, fresh_count,"
            " payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (frame.kind, frame.station, frame.received_at_ms, frame.key_id, frame.log_id, frame.first_no, frame.last_no,
             json.dumps(frame.fresh), len(frame.fresh), frame.payload),
        )  # fmt: skip
        return added.lastrowid or 0

    def add_dead_letter(self, letter: DeadLetter) -> bool:
        """Keep a dead letter; return False when the same record of the same frame is one already."""
        added = self._connection.execute(
            "INSERT OR IGNORE INTO dead_letter (at_ms, reason, topic, authenticated, payload, key_id, seq, log_id,"
            " record_no, forged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (letter.at_ms, letter.reason, letter.topic, letter.authenticated, letter.payload, letter.key_id, letter.seq,
             letter.log_id, letter.record_no, letter.forged),
        )  # fmt: skip
        return added.rowcount > 0

    def add_report(self, report: Report) -> bool:
        """Keep a report; return False, keeping nothing, when it is not newer than the station's last one."""
        newer = self._connection.execute(
            "SELECT 1 FROM report WHERE station = ?1 AND (boot_no, message_no) >= (?2, ?3)",
            (report.station, report.boot_no, report.message_no),
        ).fetchone()
        if newer is not None:
            return False
        self._connection.execute(
            "INSERT INTO report VALUES (?, ?, ?, ?, ?, ?)",
            (report.station, report.leaf, report.boot_no, report.message_no, report.received_at_ms, report.payload),
        )
        return True

    def drop_dead_letter(self, letter_id: int) -> bool:
        """Remove a dead letter; return False when there was none of that id."""
        return self._connection.execute("DELETE FROM dead_letter WHERE id = ?", (letter_id,)).rowcount > 0

    def ask_for_replay(self, letter_id: int) -> bool:
        """Mark a dead letter to be tried again by the running gateway; return False when there is none of that id."""
        asked = self._connection.execute("UPDATE dead_letter SET replay = 1 WHERE id = ?", (letter_id,))
        return asked.rowcount > 0

    def save_runs(self, changes: Sequence[tuple[str, int, int, Run | None]]) -> None:
        for station, log_id, first_no, run in changes:
            if run is None:
                self._connection.execute(
                    "DELETE FROM run WHERE station = ? AND log_id = ? AND first_no = ?", (station, log_id, first_no)
                )
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?)",
                    (station, log_id, first_no, run.last_no, run.first_ms, run.step_ms),
                )

    def save_cursor(self, name: str, seq: int) -> None:
        self._connection.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?)", (name, seq))

    def settle(self, stores: Sequence[str]) -> int:
        """Count the records that every store has passed as stored, but for dead ones; return the last such frame."""
        cursors = dict(self._connection.execute("SELECT name, seq FROM cursor").fetchall())
        after = int(cursors.get(SETTLED, 0))
        up_to = min((cursors.get(name, 0) for name in stores), default=after)
        if up_to <= after:
            return after
        fresh, dead = self._connection.execute(
            "SELECT (SELECT coalesce(sum(fresh_count), 0) FROM frame WHERE seq > ?1 AND seq <= ?2),"
            " (SELECT count(*) FROM dead_letter WHERE seq > ?1 AND seq <= ?2)",
            (after, up_to),
        ).fetchone()
        self.count("records_stored", fresh - dead)
        self.save_cursor(SETTLED, up_to)
        return int(up_to)

    def trim(self, up_to: int, limit: int) -> int:
        """Remove the oldest frames with seq <= `up_to`, at most `limit`; return how many."""
        removed = self._connection.execute(
            "DELETE FROM frame WHERE seq IN (SELECT seq FROM frame WHERE seq <= ? ORDER BY seq LIMIT ?)", (up_to, limit)
        )
        return removed.rowcount

    def count(self, name: str, number: int) -> None:
        """Add to a counter; counters live as long as the journal."""
        if number:
            self._connection.execute(
                "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                (name, number),
            )

    def add_outgoing(self, outgoing: Outgoing) -> None:
        self._connection.execute(
            "INSERT INTO outbox (topic, payload, retain) VALUES (?, ?, ?)",
            (outgoing.topic, outgoing.payload, outgoing.retain),
        )

    def drop_outgoing(self, ids: Sequence[int]) -> None:
        self._connection.executemany("DELETE FROM outbox WHERE id = ?", [(an_id,) for an_id in ids])

    def save_flag_state(self, station: str, threshold: str, state: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO flag_state VALUES (?, ?, ?)", (station, threshold, state))


def _frame(row: Sequence[Any]) -> Frame:
    kind, station, received_at_ms, key_id, log_id, first_no, last_no, fresh, payload, seq = row
    return Frame(
        kind, station, received_at_ms, key_id, log_id, first_no, last_no, tuple(json.loads(fresh)), payload, seq
    )


def _dead_letter(row: Sequence[Any]) -> DeadLetter:
    at_ms, reason, topic, authenticated, payload, key_id, seq, log_id, record_no, forged, letter_id = row
    return DeadLetter(
        at_ms, reason, topic, bool(authenticated), payload, key_id, seq, log_id, record_no, bool(forged), letter_id
    )
