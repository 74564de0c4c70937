"""What can be read of alerts in the journal."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from gateway.alerts.entries import PROOF, RAISED, REFUSED, SUBSCRIBED, Alert, Attempt, Dispatch, Recipient
from gateway.alerts.tables import ALERT_COLUMNS, IS_OPEN, alert_from_row

__all__ = ["AlertReader"]

DISPATCHES = (
    f"SELECT {ALERT_COLUMNS}, dispatch.id, why, contact, channel, state, due_ms, attempts, answer"
    " FROM dispatch JOIN alert ON alert.id = dispatch.alert"
)
# A due time further ahead than any wait is from before the clock was stepped back.
IS_DUE = "(due_ms <= :now_ms OR due_ms > :now_ms + :longest_wait_ms)"
Rows = list[tuple[Any, ...]]


class AlertReader:
    """`read` runs a query of the journal with its values and returns the rows."""

    def __init__(self, read: Callable[..., Rows]) -> None:
        self._read = read

    def due(self, recipient: Recipient, now_ms: int, longest_wait_ms: int) -> Dispatch | None:
        """Return the oldest of what is to be sent to a recipient now."""
        rows = self._read(
            f"{DISPATCHES} WHERE contact = :contact AND channel = :channel AND {IS_OPEN} AND {IS_DUE}"
            " ORDER BY alert.id LIMIT 1",
            {**asdict(recipient), "now_ms": now_ms, "longest_wait_ms": longest_wait_ms},
        )
        return _dispatch(rows[0]) if rows else None

    def next_due_ms(self, recipient: Recipient) -> int | None:
        """Return when something is to be sent to a recipient next, None where nothing waits."""
        rows = self._read(
            f"SELECT min(due_ms) FROM dispatch WHERE contact = :contact AND channel = :channel AND {IS_OPEN}",
            asdict(recipient),
        )
        return rows[0][0] if rows else None

    def dispatches(self, only_open: bool = False) -> list[Dispatch]:
        """Return what is sent or to be sent, in order; `only_open`: to be sent, or raised and not acknowledged."""
        where = f" WHERE {IS_OPEN} OR (kind = '{RAISED}' AND acknowledged_at_ms IS NULL)" if only_open else ""
        return [_dispatch(row) for row in self._read(f"{DISPATCHES}{where} ORDER BY alert.id, why, contact, channel")]

    def waiting(self) -> list[Dispatch]:
        """Return what is still to be delivered."""
        return [_dispatch(row) for row in self._read(f"{DISPATCHES} WHERE {IS_OPEN} ORDER BY alert.id")]

    def attempts(self, dispatch: str) -> list[Attempt]:
        rows = self._read("SELECT at_ms, result, answer FROM attempt WHERE dispatch = ? ORDER BY rowid", (dispatch,))
        return [Attempt(*row) for row in rows]

    def unacknowledged(self) -> list[Alert]:
        """Return the raised alerts that this gateway has tried to tell of, and nobody has acknowledged."""
        return self._raised("dispatch.attempts > 0", {})

    def unacknowledged_since(self, tried_before_ms: int) -> list[Alert]:
        """Return those of them that were tried by then, as far as attempts are kept."""
        tried = (
            "EXISTS (SELECT 1 FROM attempt WHERE attempt.dispatch = dispatch.id AND attempt.at_ms <= :tried_before_ms)"
        )
        return self._raised(tried, {"tried_before_ms": tried_before_ms})

    def _raised(self, tried: str, values: dict[str, int]) -> list[Alert]:
        rows = self._read(
            f"SELECT {ALERT_COLUMNS} FROM alert WHERE kind = :raised AND acknowledged_at_ms IS NULL"
            f" AND EXISTS (SELECT 1 FROM dispatch WHERE dispatch.alert = alert.id AND {tried}) ORDER BY id",
            {"raised": RAISED, **values},
        )
        return [alert_from_row(row) for row in rows]

    def refused(self, alert: int | None = None) -> list[Dispatch]:
        """Return what a contact's server has refused, of one alert or of all."""
        rows = self._read(
            f"{DISPATCHES} WHERE state = ?1 AND why = ?2 AND (?3 IS NULL OR alert.id = ?3) ORDER BY alert.id, contact",
            (REFUSED, SUBSCRIBED, alert),
        )
        return [_dispatch(row) for row in rows]

    def is_told(self, alert: int, why: str) -> bool:
        """Tell whether anybody is told of an alert for a reason."""
        return bool(self._read("SELECT 1 FROM dispatch WHERE alert = ? AND why = ? LIMIT 1", (alert, why)))

    def last_proofs(self) -> dict[Recipient, Dispatch]:
        """Return the last proof of each recipient."""
        rows = self._read(f"{DISPATCHES} WHERE kind = ? AND why = ? ORDER BY alert.id", (PROOF, SUBSCRIBED))
        return {each.recipient: each for each in map(_dispatch, rows)}


def _dispatch(row: Sequence[Any]) -> Dispatch:
    dispatch, why, contact, channel, state, due_ms, attempts, answer = row[7:]
    return Dispatch(
        dispatch, alert_from_row(row[:7]), why, Recipient(contact, channel), state, due_ms, attempts, answer
    )
