"""The gateway's log: one line for each event, as key=value or JSON, and never a flood of the same.

The law this file keeps: of one kind of event at most LINES_LIMIT lines are written in a period of PERIOD_S; the rest is
counted, and the count is told.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

__all__ = ["LINES_LIMIT", "PERIOD_S", "Extra", "JsonLines", "KeyValueLines", "Repetitions", "fields"]

LINES_LIMIT = 10
PERIOD_S = 6 * 3600.0
# sd-daemon(3): what systemd takes off the front of a line and keeps as its priority.
PRIORITIES = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}
BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/@+-")

Value = str | int | float
Extra = dict[str, Mapping[str, Value]]


def fields(**values: Value) -> Extra:
    """Return what to hand to a logger as `extra`, so that the values stand in its line under their names.

    Events that differ in `what` or `station` are of different kinds.
    """
    return {"fields": values}


class KeyValueLines(logging.Formatter):
    """`time=... level=warning part=gateway.mqtt event="..." key=value`; under systemd its priority, and no time."""

    def __init__(self, is_under_systemd: bool = False) -> None:
        super().__init__()
        self._is_under_systemd = is_under_systemd

    def format(self, record: logging.LogRecord) -> str:
        values = _values(record)
        head = ""
        if self._is_under_systemd:
            head = f"<{PRIORITIES[record.levelname]}>"
            del values["time"]
        return head + " ".join(f"{key}={_shown(value)}" for key, value in values.items())


class JsonLines(logging.Formatter):
    """An object a line, with the same keys; its numbers are numbers."""

    def format(self, record: logging.LogRecord) -> str:
        return _json(_values(record))


class Repetitions(logging.Filter):
    """Lets through LINES_LIMIT events of a kind in a period, and counts the others."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic_s = monotonic_s
        self._began_s = monotonic_s()
        self._seen: dict[tuple[str, ...], int] = {}
        self._held_back: dict[tuple[str, ...], logging.LogRecord] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        told = getattr(record, "fields", {})
        kind = (record.name, str(record.msg), str(told.get("what", "")), str(told.get("station", "")))
        if "more" in told:
            return True
        with self._lock:
            self._seen[kind] = self._seen.get(kind, 0) + 1
            if self._seen[kind] <= LINES_LIMIT:
                return True
            self._held_back[kind] = record
            return False

    def tell(self) -> None:
        """At the end of a period, write one line for each kind that was held back; to be called every few seconds."""
        now_s = self._monotonic_s()
        if now_s - self._began_s < PERIOD_S:
            return
        with self._lock:
            held_back = [(record, self._seen[kind] - LINES_LIMIT) for kind, record in self._held_back.items()]
            self._began_s = now_s
            self._seen.clear()
            self._held_back.clear()
        for last, more in held_back:
            text = f"{more} more of this kind in the last {PERIOD_S / 3600:g} h, the last: {last.getMessage()}"
            logging.getLogger(last.name).log(last.levelno, text, extra=fields(more=more))


def _values(record: logging.LogRecord) -> dict[str, Value]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    values: dict[str, Value] = {
        "time": at,
        "level": record.levelname.lower(),
        "part": record.name,
        "event": record.getMessage(),
    }
    values |= getattr(record, "fields", {})
    if record.exc_info:
        values["fault"] = logging.Formatter().formatException(record.exc_info)
    return values


def _shown(value: Value) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if text and BARE.issuperset(text) else _json(text)


def _json(value: str | Mapping[str, Value]) -> str:
    """Return JSON in which every letter can be seen: a topic of a stranger's is not to write to a terminal."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)
