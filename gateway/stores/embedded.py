"""The store that needs no server: observations.sqlite."""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from gateway.connections import committing
from gateway.damage import Damaged, telling_of_damage
from gateway.observations import Flag, Gap, Observation, Revision
from gateway.records import values_of
from gateway.schema import Step, prepare, refuse_other_version
from gateway.stores.store import Away, Delivery, Outcome, RefusedRecord, Unreadable, Written
from gateway.windows import SAME_INSTANT
from protocol.batch import Batch

__all__ = ["EmbeddedStore"]

BUSY_TIMEOUT_S = 10.0
CLOSE_LIMIT_S = 2.0  # for what is being written to be taken back
# A record is named by its log and number; the second unique key is the promise that no instant is overwritten.
SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    station TEXT NOT NULL, observed_at_ms INTEGER NOT NULL, log_id INTEGER NOT NULL, record_no INTEGER NOT NULL,
    basin TEXT NOT NULL, configuration_no INTEGER NOT NULL, clock_quality INTEGER NOT NULL, test BOOLEAN NOT NULL,
    received_at_ms INTEGER NOT NULL, provenance TEXT NOT NULL,
    PRIMARY KEY (station, observed_at_ms), UNIQUE (station, log_id, record_no)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS observation (
    station TEXT, sensor INTEGER, variable TEXT, observed_at_ms INTEGER,
    value REAL, quality INTEGER NOT NULL, null_reason INTEGER,
    PRIMARY KEY (station, sensor, variable, observed_at_ms)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revision (
    basin TEXT NOT NULL, station TEXT, sensor INTEGER, variable TEXT, observed_at_ms INTEGER,
    value REAL, quality INTEGER NOT NULL, rule TEXT, rating TEXT NOT NULL, revision_no INTEGER, test BOOLEAN NOT NULL,
    PRIMARY KEY (station, sensor, variable, observed_at_ms, rule, revision_no)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flag (
    basin TEXT NOT NULL, station TEXT, threshold TEXT, kind TEXT NOT NULL, variable TEXT NOT NULL,
    direction TEXT NOT NULL, state TEXT NOT NULL, first_detected_at_ms INTEGER, raised_at_ms INTEGER NOT NULL,
    cleared_at_ms INTEGER, peak REAL NOT NULL, peak_at_ms INTEGER NOT NULL,
    raise_value REAL NOT NULL, clear_value REAL NOT NULL, source TEXT NOT NULL, cleared_by TEXT,
    PRIMARY KEY (station, threshold, first_detected_at_ms)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gap (
    basin TEXT NOT NULL, station TEXT, log_id INTEGER, first_record_no INTEGER, last_record_no INTEGER,
    told_at_ms INTEGER NOT NULL,
    PRIMARY KEY (station, log_id, first_record_no, last_record_no)
) WITHOUT ROWID;
"""


def _say_what_cleared_a_flag(connection: sqlite3.Connection) -> None:
    columns = [row[1] for row in connection.execute("PRAGMA table_info(flag)")]
    if "cleared_by" not in columns:  # there before versions were counted
        connection.execute("ALTER TABLE flag ADD COLUMN cleared_by TEXT")


STEPS: Sequence[Step] = (_say_what_cleared_a_flag,)

# SQLite keeps a BOOLEAN as 0 or 1.
sqlite3.register_converter("BOOLEAN", lambda digit: digit == b"1")


class EmbeddedStore:
    """Store and reader in one SQLite file. One thread writes; any thread, and any other process, may read."""

    def __init__(self, path: Path, name: str = "embedded") -> None:
        self.name = name
        self.path = path
        self._writer: sqlite3.Connection | None = None
        self._turn = threading.Lock()  # of the writer; SQLite does not survive being closed while a thread is in it
        self._own = threading.local()

    def open(self) -> None:
        """Open for writing, creating the file if need be; raise sqlite3.Error when it is not usable."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            writer = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("PRAGMA synchronous = FULL")
            prepare(writer, SCHEMA, STEPS)
        except sqlite3.Error as error:
            raise type(error)(
                f"{self.path}: {error}; expected observations on a disk that can be written: correct the disk, or"
                " restore them from a backup"
            ) from error
        self._writer = writer

    def close(self) -> None:
        """Close; what is being written now is taken back, to be written again after the next start."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        writer.interrupt()
        if self._turn.acquire(timeout=CLOSE_LIMIT_S):  # else the end of the process closes it
            writer.execute("SELECT 1")  # forgets the interruption, which else keeps what is in the WAL out of the file
            writer.close()
            self._turn.release()

    def write(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Write all in one transaction; a full or failing disk is Away."""
        with self._turn:
            writer = self._writer
            return Away("the store is not open") if writer is None else self._write(writer, deliveries)

    def _write(self, writer: sqlite3.Connection, deliveries: Sequence[Delivery]) -> Outcome:
        refused: list[RefusedRecord] = []
        try:
            with telling_of_damage(self.path), committing(writer, is_durable=True):
                for delivery in deliveries:
                    if self._writer is None:
                        raise sqlite3.OperationalError("closed while it was written to")
                    refused += _write_delivery(writer, delivery)
        except Damaged as damage:
            return Away(str(damage))
        except sqlite3.OperationalError as error:
            return Away(f"{self.path}: {error}")
        return Written(tuple(refused))

    def read_observations(self, station: str, from_ms: int, to_ms: int) -> list[Observation]:
        # CROSS JOIN keeps SQLite to this order: the other way round it reads the whole station for each of its records.
        rows = self._read(
            "SELECT basin, station, sensor, variable, observed_at_ms, value, quality, log_id, record_no,"
            " configuration_no, received_at_ms, provenance, test, null_reason"
            " FROM observation CROSS JOIN record USING (station, observed_at_ms)"
            " WHERE station = ? AND observed_at_ms >= ? AND observed_at_ms < ?"
            " ORDER BY observed_at_ms, sensor, variable",
            (station, from_ms, to_ms),
        )
        return [Observation(*row) for row in rows]

    def read_revisions(self, station: str, from_ms: int, to_ms: int) -> list[Revision]:
        rows = self._read(
            f"SELECT {_names(Revision)} FROM revision"
            " WHERE station = ? AND observed_at_ms >= ? AND observed_at_ms < ?"
            " ORDER BY observed_at_ms, sensor, variable, revision_no",
            (station, from_ms, to_ms),
        )
        return [Revision(*row) for row in rows]

    def read_flags(self, station: str | None, from_ms: int, to_ms: int) -> list[Flag]:
        """Return the flags of one station, or of all, that were raised at any moment of the range."""
        rows = self._read(
            f"SELECT {_names(Flag)} FROM flag WHERE (?1 IS NULL OR station = ?1)"
            " AND raised_at_ms < ?3 AND (cleared_at_ms IS NULL OR cleared_at_ms >= ?2)"
            " ORDER BY first_detected_at_ms, station, threshold",
            (station, from_ms, to_ms),
        )
        return [Flag(*row) for row in rows]

    def read_gaps(self, station: str) -> list[Gap]:
        rows = self._read(
            f"SELECT {_names(Gap)} FROM gap WHERE station = ? ORDER BY log_id, first_record_no", (station,)
        )
        return [Gap(*row) for row in rows]

    def count_records(self, station: str, from_ms: int, to_ms: int) -> int:
        rows = self._read(
            "SELECT count(*) FROM record WHERE station = ? AND observed_at_ms >= ? AND observed_at_ms < ?",
            (station, from_ms, to_ms),
        )
        return int(rows[0][0]) if rows else 0

    def read_records(self, basin: str, station: str, log_id: int, first_no: int, last_no: int) -> list[tuple[int, int]]:
        """Return (record number, time in ms) of the records of a log that are stored; raise Unreadable."""
        try:
            rows = self._read(
                "SELECT record_no, observed_at_ms FROM record WHERE basin = ?"
                " AND station = ? AND log_id = ? AND record_no BETWEEN ? AND ? ORDER BY record_no",
                (basin, station, log_id, first_no, last_no),
            )
        except sqlite3.Error as error:
            raise Unreadable(f"{self.path}: {error}") from error
        return [(row[0], row[1]) for row in rows]

    def _read(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows; a file that no gateway has written yet holds none."""
        reader: sqlite3.Connection | None = getattr(self._own, "reader", None)
        if reader is None:
            if not self.path.exists():
                return []
            reader = sqlite3.connect(
                f"file:{self.path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, detect_types=sqlite3.PARSE_DECLTYPES
            )
            try:
                refuse_other_version(reader, len(STEPS))
            except sqlite3.DatabaseError as error:
                raise type(error)(f"{self.path}: {error}") from error
            self._own.reader = reader
        with telling_of_damage(self.path):
            return reader.execute(query, values).fetchall()


def _write_delivery(writer: sqlite3.Connection, delivery: Delivery) -> list[RefusedRecord]:
    """Insert what is new; return the records whose instant another record already has."""
    lost: list[RefusedRecord] = []
    lost_ms: set[int] = set()
    if delivery.batch is not None:
        batch = delivery.batch
        lost = _write_batch(writer, delivery, batch)
        lost_ms = {batch.times_ms[each.record_no - batch.first_record_no] for each in lost}
    revisions = [each for each in delivery.revisions if each.observed_at_ms not in lost_ms]
    _insert(writer, "revision", Revision, revisions, "IGNORE")
    _insert(writer, "flag", Flag, [delivery.flag] if delivery.flag else [], "REPLACE")
    return lost


def _write_batch(writer: sqlite3.Connection, delivery: Delivery, batch: Batch) -> list[RefusedRecord]:
    """Insert the fresh records; return those whose instant another record already has."""
    new: list[int] = []
    refused: list[RefusedRecord] = []
    for index in delivery.fresh:
        record_no = batch.first_record_no + index
        inserted = writer.execute(
            "INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (delivery.station, batch.times_ms[index], batch.log_id, record_no, delivery.basin, batch.configuration_no,
             batch.clock_quality, batch.test, delivery.received_at_ms, delivery.provenance),
        )  # fmt: skip
        if inserted.rowcount:
            new.append(index)
        elif not _is_stored(writer, delivery.station, batch.log_id, record_no):
            refused.append(RefusedRecord(delivery.seq, record_no, SAME_INSTANT))
    writer.executemany(
        "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (delivery.station, value.sensor, value.variable, batch.times_ms[value.record_index], value.value,
             value.quality, value.null_reason)
            for value in values_of(batch, new)
        ),
    )  # fmt: skip
    writer.executemany(
        "INSERT OR IGNORE INTO gap VALUES (?, ?, ?, ?, ?, ?)",
        ((delivery.basin, delivery.station, batch.log_id, *gap, delivery.received_at_ms) for gap in batch.gaps),
    )
    return refused


def _is_stored(writer: sqlite3.Connection, station: str, log_id: int, record_no: int) -> bool:
    found = writer.execute(
        "SELECT 1 FROM record WHERE station = ? AND log_id = ? AND record_no = ?", (station, log_id, record_no)
    )
    return found.fetchone() is not None


def _names(kind: type[Revision] | type[Flag] | type[Gap]) -> str:
    return ", ".join(each.name for each in fields(kind))


def _insert(
    writer: sqlite3.Connection, table: str, kind: type[Revision] | type[Flag], rows: Sequence[object], conflict: str
) -> None:
    names = [each.name for each in fields(kind)]
    writer.executemany(
        f"INSERT OR {conflict} INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        ([getattr(row, name) for name in names] for row in rows),
    )
