"""Whether the journal has room for more: it holds what no store has, and so may not grow without bound.

The law this file keeps: near the limit nothing more is taken, and nothing is ever deleted to make room but what every
stage has passed.
"""

import logging
from collections.abc import Callable
from time import monotonic

from gateway.complaints import Complaint
from gateway.journal import Journal

__all__ = ["Room"]

log = logging.getLogger(__name__)

# The rest above HOLD is for what is taken already: its flags, and what thresholds have seen of it.
# Of the limit: from where on old frames are no longer kept to be looked at, nothing is taken, and taking begins again.
TIGHT, HOLD, ACCEPT = 0.6, 0.9, 0.8


class Room:
    """Says hold and accept; `on_change` is called with each change, in the thread that looks."""

    def __init__(self, journal: Journal, limit_bytes: int, on_change: Callable[[], None]) -> None:
        self._journal = journal
        self._limit_bytes = limit_bytes
        self._on_change = on_change
        self._complaint = Complaint(log, f"journal {journal.path}", monotonic)
        self.is_holding = False

    def is_tight(self) -> bool:
        return self._journal.used_bytes() > TIGHT * self._limit_bytes

    def look(self) -> bool:
        """Look at the journal's size; return whether more may be taken."""
        used_bytes = self._journal.used_bytes()
        if used_bytes > (ACCEPT if self.is_holding else HOLD) * self._limit_bytes:
            self._complaint.raise_(
                f"{used_bytes >> 20} MB of {self._limit_bytes >> 20} MB are full of what not every store has;"
                " nothing more is taken, stations keep their records. See what is behind: rivergauge status"
            )
            self._set(True)
        else:
            self._complaint.clear()
            self._set(False)
        return not self.is_holding

    def _set(self, is_holding: bool) -> None:
        if is_holding != self.is_holding:
            self.is_holding = is_holding
            self._on_change()
