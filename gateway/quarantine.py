"""Keeps a station that sends without measure from hurting the others: what is beyond its limits is not taken.

The law this file keeps: what is not taken is not receipted, so that the station keeps its records and sends them later,
and it is acknowledged in its turn like any other message. No I/O; the time is handed in.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.dead_letter_share import DeadLetterShare
from gateway.entries import DeadLetter
from gateway.rate_limits import RateLimits

__all__ = ["LETTERS_PER_MINUTE", "QUARANTINED", "Excess", "Quarantine"]

MINUTE_MS, DAY_MS = 60_000, 86_400_000
# How many runs (windows.py) and ranges written off a station's records may become in a day: they are kept for ever, in
# memory too. Records at equal steps are one; a month of them at unequal minutes, sent at once, is 22,000.
RUNS_PER_DAY = 50_000
RUNS_OF_A_LOG = 500  # what a new log counts as, since every message of its station is held against each
# How many of the messages of one station beyond its limit are kept each minute, to be looked at; the rest are counted.
LETTERS_PER_MINUTE = 10
QUARANTINED = "quarantined"  # how the reason of their dead letters begins


@dataclass(frozen=True, slots=True)
class Excess:
    """Why a message is not taken now, and how many of its sender were not taken within this minute, this one too."""

    reason: str
    count: int


@dataclass(slots=True)
class _Minute:
    began_ms: int
    messages: int = 0
    records: int = 0
    excess: int = 0


@dataclass(slots=True)
class _Day:
    began_ms: int
    runs: int = 0


class Quarantine:
    """Counts by sender what came within a minute, and what has to be remembered of a day.

    A station's own count is of authenticated messages alone, or anyone could shut it out.
    """

    def __init__(self, limits: RateLimits, dead_letters: DeadLetterShare) -> None:
        self._limits = limits
        self._dead_letters = dead_letters
        self._minutes: dict[str, _Minute] = {}
        self._days: dict[str, _Day] = {}

    def add_message(self, sender: str, received_at_ms: int) -> Excess | None:
        """Count a message; return why it is not to be taken, if so."""
        minute = self._minutes.get(sender)
        # A clock that was set back begins a new minute too.
        if minute is None or not 0 <= received_at_ms - minute.began_ms < MINUTE_MS:
            minute = self._minutes[sender] = _Minute(received_at_ms)
        minute.messages += 1
        return self._beyond(minute, "messages within a minute", minute.messages, self._limits.messages_per_minute)

    def add_records(self, sender: str, count: int) -> Excess | None:
        """Count the records of the message that was counted last; return why they are not to be taken, if so."""
        minute = self._minutes[sender]
        minute.records += count
        return self._beyond(minute, "records within a minute", minute.records, self._limits.records_per_minute)

    def refuse_growth(self, sender: str, received_at_ms: int) -> Excess | None:
        """Return why the message that was counted last is not to make the sender's windows grow, if so."""
        day = self._days.get(sender)
        if day is None or not 0 <= received_at_ms - day.began_ms < DAY_MS:
            day = self._days[sender] = _Day(received_at_ms)
        return self._beyond(self._minutes[sender], "runs of records within a day", day.runs, RUNS_PER_DAY)

    def add_growth(self, sender: str, runs: int, is_new_log: bool) -> None:
        """Count by how many runs the message that was counted last made what is remembered of its sender grow."""
        self._days[sender].runs += runs + RUNS_OF_A_LOG * is_new_log

    def keep_dead(self, letters: Iterable[DeadLetter]) -> None:
        """Count what becomes dead letters."""
        self._dead_letters.add(letters)

    def refuse_dead(self, sender: str, topic: str) -> Excess | None:
        """Return why the message that was counted last is not to become a dead letter, if so."""
        if not self._dead_letters.is_used_up(topic):
            return None
        reason = "the dead letters of this topic take all the room they may: replay or drop them"
        return _excess(self._minutes[sender], reason)

    def _beyond(self, minute: _Minute, what: str, number: int, limit: int) -> Excess | None:
        return _excess(minute, f"more than {limit} {what}") if number > limit else None


def _excess(minute: _Minute, reason: str) -> Excess:
    minute.excess += 1
    return Excess(f"{QUARANTINED}: {reason}", minute.excess)
