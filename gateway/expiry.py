"""Removes from an embedded store what is older than its settings say; there is none where they say nothing.

The law this file keeps: what is removed is old both by the gateway's clock and by the newest records.
"""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from gateway.complaints import Complaint
from gateway.stores.retention import reached_ms, remove_before
from gateway.worker import Worker

__all__ = ["Expiry"]

log = logging.getLogger(__name__)

DAY_MS = 86_400_000
EVERY_S = 3600.0


class Expiry(Worker):
    """Looks every hour; a store that cannot be written now is tried again with the next look."""

    def __init__(self, path: Path, retention_days: int, now_ms: Callable[[], int]) -> None:
        super().__init__(f"expiry of {path.name}")
        self._path = path
        self._kept_ms = retention_days * DAY_MS
        self._now_ms = now_ms
        self._complaint = Complaint(log, f"removing what is old from {path}", monotonic)

    def step(self) -> float | None:
        try:
            reached = reached_ms(self._path)
            # A clock that was set years ahead must not empty the store: time has passed where records have come.
            is_more = reached is not None and remove_before(self._path, min(reached, self._now_ms()) - self._kept_ms)
        except sqlite3.Error as error:
            self._complaint.raise_(str(error))
            return EVERY_S
        self._complaint.clear()
        return 0 if is_more else EVERY_S
