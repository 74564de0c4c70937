"""The alerts' tables of the journal, and what their rows mean."""

from collections.abc import Sequence
from typing import Any

from gateway.alerts.entries import LEFT, PENDING, REFUSED, Alert
from gateway.flags import flag_from_json

__all__ = ["ALERT_COLUMNS", "IS_OPEN", "SCHEMA", "alert_from_row"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- what people acknowledge it by, so never given twice
    kind TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    at_ms INTEGER NOT NULL,
    station TEXT, threshold TEXT, first_detected_at_ms INTEGER,  -- the flag's name; NULL for a proof
    flag BLOB,                             -- as JSON
    acknowledged_at_ms INTEGER,
    acknowledged_by TEXT
);
CREATE INDEX IF NOT EXISTS alert_of_flag ON alert (station, threshold, first_detected_at_ms);
CREATE TABLE IF NOT EXISTS dispatch (
    id TEXT PRIMARY KEY,
    alert INTEGER NOT NULL,
    why TEXT NOT NULL,
    contact TEXT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    answer TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dispatch_of_alert ON dispatch (alert);
CREATE INDEX IF NOT EXISTS dispatch_open ON dispatch (contact, channel) WHERE state IN ('pending', 'refused', 'left');
CREATE TABLE IF NOT EXISTS attempt (
    dispatch TEXT NOT NULL, at_ms INTEGER NOT NULL, result TEXT NOT NULL, answer TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS attempt_of_dispatch ON attempt (dispatch);
"""
IS_OPEN = f"state IN ('{PENDING}', '{REFUSED}', '{LEFT}')"
ALERT_COLUMNS = (
    "alert.kind, alert.key, alert.at_ms, alert.flag, alert.acknowledged_at_ms, alert.acknowledged_by, alert.id"
)


def alert_from_row(row: Sequence[Any]) -> Alert:
    """Return the alert of a row of ALERT_COLUMNS."""
    kind, key, at_ms, flag, acknowledged_at_ms, acknowledged_by, alert_id = row
    return Alert(
        kind, key, at_ms, flag_from_json(flag) if flag else None, acknowledged_at_ms, acknowledged_by, alert_id
    )
