"""What a transaction of the journal can change of alerts."""

import sqlite3
from collections.abc import Collection
from dataclasses import asdict

from gateway.alerts.entries import DROPPED, LEFT, PENDING, RAISED, Alert, Attempt, Recipient, dispatch_id
from gateway.alerts.tables import ALERT_COLUMNS, IS_OPEN, alert_from_row
from gateway.flags import flag_to_json
from gateway.observations import Flag

__all__ = ["AlertWriter"]


class AlertWriter:
    """Given by a transaction; nothing is on disk before that ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def alerts_of(self, flag: Flag) -> list[Alert]:
        """Return what people were told of a flag, in order."""
        name = (flag.station, flag.threshold, flag.first_detected_at_ms)
        rows = self._connection.execute(
            f"SELECT {ALERT_COLUMNS} FROM alert"
            " WHERE station = ? AND threshold = ? AND first_detected_at_ms = ? ORDER BY id",
            name,
        )
        return [alert_from_row(row) for row in rows]

    def add_alert(self, alert: Alert, why: str, recipients: Collection[Recipient]) -> None:
        """Keep an alert and have it sent to the recipients at once; nothing where its key is known."""
        flag = alert.flag
        name = (flag.station, flag.threshold, flag.first_detected_at_ms) if flag else (None, None, None)
        added = self._connection.execute(
            "INSERT OR IGNORE INTO alert (kind, key, at_ms, station, threshold, first_detected_at_ms, flag)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (alert.kind, alert.key, alert.at_ms, *name, flag_to_json(flag) if flag else None),
        )
        if added.rowcount and added.lastrowid:
            self.add_dispatches(added.lastrowid, alert.key, why, recipients, alert.at_ms)

    def add_dispatches(self, alert: int, key: str, why: str, recipients: Collection[Recipient], at_ms: int) -> None:
        """Have an alert sent at once; a recipient told of it for the same reason already is passed over."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO dispatch (id, alert, why, contact, channel, state, due_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (dispatch_id(key, why, each), alert, why, each.contact, each.channel, PENDING, at_ms)
                for each in recipients
            ],
        )

    def told(self, alert: int, why: str) -> list[Recipient]:
        """Return who is told of an alert for a reason."""
        rows = self._connection.execute("SELECT contact, channel FROM dispatch WHERE alert = ? AND why = ?",
                                        (alert, why))  # fmt: skip
        return [Recipient(*row) for row in rows]

    def add_attempt(self, dispatch: str, attempt: Attempt, due_ms: int) -> None:
        """Keep what an attempt came to; `due_ms` is when to try next where it has to be tried again."""
        self._connection.execute(
            "INSERT INTO attempt VALUES (?, ?, ?, ?)", (dispatch, attempt.at_ms, attempt.result, attempt.answer)
        )
        self._connection.execute(
            "UPDATE dispatch SET attempts = attempts + 1, state = ?, answer = ?, due_ms = ? WHERE id = ?",
            (attempt.result, attempt.answer, due_ms, dispatch),
        )

    def make_due(self, recipient: Recipient, at_ms: int) -> None:
        """Have all that waits for a recipient tried now, but for what was refused."""
        self._connection.execute(
            "UPDATE dispatch SET due_ms = min(due_ms, ?) WHERE contact = ? AND channel = ? AND state = ?",
            (at_ms, recipient.contact, recipient.channel, PENDING),
        )

    def leave_to_owner(self, recipient: Recipient, station: str, again_ms: int, since_ms: int) -> None:
        """Put off until `again_ms` what waits of a station that another gateway has; drop alerts from before since."""
        waiting = (
            f" WHERE contact = :contact AND channel = :channel AND {IS_OPEN}"
            " AND alert IN (SELECT id FROM alert WHERE station = :station AND at_ms"
        )
        values = {**asdict(recipient), "station": station, "again_ms": again_ms, "since_ms": since_ms}
        values |= {"left": LEFT, "dropped": DROPPED, "answer": "left to the gateway that has the station"}
        self._connection.execute(
            f"UPDATE dispatch SET state = :left, due_ms = :again_ms{waiting} >= :since_ms)", values
        )
        self._connection.execute(
            f"UPDATE dispatch SET state = :dropped, answer = :answer{waiting} < :since_ms)", values
        )

    def drop(self, dispatch: str, why_not: str) -> None:
        """Give a dispatch up, saying why."""
        self._connection.execute("UPDATE dispatch SET state = ?, answer = ? WHERE id = ?", (DROPPED, why_not, dispatch))

    def acknowledge(self, alert: int, by: str, at_ms: int) -> bool:
        """Note who acknowledged a raised flag, the first time; return False where there is no such alert."""
        self._connection.execute(
            "UPDATE alert SET acknowledged_at_ms = ?, acknowledged_by = ?"
            " WHERE id = ? AND kind = ? AND acknowledged_at_ms IS NULL",
            (at_ms, by, alert, RAISED),
        )
        return self._connection.execute(
            "SELECT 1 FROM alert WHERE id = ? AND kind = ?", (alert, RAISED)
        ).fetchone() is not None  # fmt: skip

    def trim(self, before_ms: int, attempts_before_ms: int) -> None:
        """Remove what is over and old: alerts with nothing to deliver of flags that have ended, and attempts."""
        self._connection.execute(
            "DELETE FROM alert WHERE at_ms < :before_ms"
            f" AND NOT EXISTS (SELECT 1 FROM dispatch WHERE dispatch.alert = alert.id AND {IS_OPEN})"
            " AND (kind != :raised OR EXISTS (SELECT 1 FROM alert AS later WHERE later.id > alert.id"
            " AND later.station = alert.station AND later.threshold = alert.threshold"
            " AND later.first_detected_at_ms = alert.first_detected_at_ms))",
            {"before_ms": before_ms, "raised": RAISED},
        )
        self._connection.execute("DELETE FROM dispatch WHERE alert NOT IN (SELECT id FROM alert)")
        self._connection.execute(
            "DELETE FROM attempt WHERE at_ms < ? OR dispatch NOT IN (SELECT id FROM dispatch)", (attempts_before_ms,)
        )
