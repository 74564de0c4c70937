"""Tells apart a station whose clock is wrong from a gateway whose own clock is."""

import logging
from collections.abc import Callable

from gateway.complaints import Complaint
from gateway.plausibility import AHEAD_ALLOWANCE_MS
from gateway.times import format_utc

__all__ = ["ClockWatch"]

log = logging.getLogger(__name__)

# So many stations do not have the same wrong time.
STATIONS_AGREEING = 2


class ClockWatch:
    """Remembers of each station whether the newest record of its last message was ahead of the gateway's clock."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._is_ahead: dict[str, bool] = {}
        self._complaint = Complaint(log, "clock", monotonic_s)

    def note(self, station: str, newest_ms: int, received_at_ms: int) -> None:
        self._is_ahead[station] = newest_ms > received_at_ms + AHEAD_ALLOWANCE_MS

    def tell(self, now_ms: int) -> None:
        """Say whose clock is wrong, or that it is well again; to be called now and then."""
        heard = dict(self._is_ahead)
        ahead = sorted(station for station, is_ahead in heard.items() if is_ahead)
        if not ahead:
            self._complaint.clear()
            return
        dated = f"the newest records of {', '.join(ahead)} are dated after {format_utc(now_ms)}, which it is here"
        if len(ahead) >= STATIONS_AGREEING and 2 * len(ahead) > len(heard):
            blame = f"{len(ahead)} of {len(heard)} stations agree, so that this gateway's clock is likely to be behind"
        else:
            blame = "correct the station's clock"
        self._complaint.raise_(f"{dated}: {blame}. They are stored as sent, and as suspect beside it")
