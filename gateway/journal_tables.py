"""The journal's tables, and what their rows mean."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from gateway.entries import ALL_FRESH, ELSEWHERE, LOST, OVERWRITTEN, DeadLetter, Frame, whole
from gateway.schema import Step

__all__ = ["LETTER_COLUMNS", "SCHEMA", "STEPS", "WRITTEN_OFF", "dead_letter_from_row", "frame_from_row"]

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
    payload BLOB NOT NULL,        -- empty where nothing is fresh: the frame is then only owed a receipt
    payload_crc INTEGER           -- CRC-32: SQLite would not notice a flipped bit; null where an older gateway wrote it
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
    station TEXT, log_id INTEGER, first_no INTEGER, last_no INTEGER NOT NULL,
    overwritten INTEGER NOT NULL,  -- why, as WRITTEN_OFF numbers it
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

WRITTEN_OFF = (LOST, OVERWRITTEN, ELSEWHERE)
LETTER_COLUMNS = "at_ms, reason, topic, authenticated, payload, key_id, seq, log_id, record_no, forged, id"


def _protect_payloads(connection: sqlite3.Connection) -> None:
    columns = [row[1] for row in connection.execute("PRAGMA table_info(frame)")]
    if "payload_crc" not in columns:  # there before versions were counted
        connection.execute("ALTER TABLE frame ADD COLUMN payload_crc INTEGER")


STEPS: Sequence[Step] = (_protect_payloads,)


def frame_from_row(row: Sequence[Any]) -> Frame:
    """Return the frame; raise sqlite3.DatabaseError where its payload is not what was written."""
    kind, station, received_at_ms, key_id, log_id, first_no, last_no, text, payload, payload_crc, seq = row
    if payload_crc is not None and crc32(payload) != payload_crc:
        records = f"records {first_no} to {last_no} of log {log_id}"
        raise sqlite3.DatabaseError(f"the payload of frame {seq} ({station}, {records}) is not what was written")
    fresh = whole(last_no - first_no + 1) if text == ALL_FRESH else tuple(json.loads(text))
    return Frame(kind, station, received_at_ms, key_id, log_id, first_no, last_no, fresh, payload, seq)


def dead_letter_from_row(row: Sequence[Any]) -> DeadLetter:
    """Return the dead letter of a row of LETTER_COLUMNS."""
    at_ms, reason, topic, authenticated, payload, key_id, seq, log_id, record_no, forged, letter_id = row
    return DeadLetter(
        at_ms, reason, topic, bool(authenticated), payload, key_id, seq, log_id, record_no, bool(forged), letter_id
    )
