"""Saying that something is wrong: at once, again at lengthening intervals with the count, and when it is over."""

import logging
from collections.abc import Callable

from gateway.log_lines import Extra, fields

__all__ = ["AGAIN_AFTER_S", "Complaint"]

AGAIN_AFTER_S = (60, 600, 3600, 6 * 3600)  # the last one repeats: a fault of ten days makes some 40 lines


class Complaint:
    """One thing that can be wrong, such as a broker that is away."""

    def __init__(self, log: logging.Logger, what: str, monotonic_s: Callable[[], float]) -> None:
        self._log = log
        self._what = what
        self._monotonic_s = monotonic_s
        self._since_s: float | None = None
        self._times = 0
        self._said = 0
        self._next_s = 0.0

    @property
    def is_open(self) -> bool:
        return self._since_s is not None

    def raise_(self, reason: str) -> None:
        """Note that it is wrong; logs only when it is time to say so again."""
        now_s = self._monotonic_s()
        if self._since_s is None:
            self._since_s, self._times, self._said, self._next_s = now_s, 0, 0, now_s
        self._times += 1
        if now_s < self._next_s:
            return
        self._log.warning("%s: %s", self._what, reason, extra=self._fields(now_s - self._since_s))
        self._next_s = now_s + AGAIN_AFTER_S[min(self._said, len(AGAIN_AFTER_S) - 1)]
        self._said += 1

    def clear(self) -> None:
        """Note that it is well; logs only after it was wrong."""
        if self._since_s is not None:
            lasted_s = self._monotonic_s() - self._since_s
            self._log.info("%s: well again", self._what, extra=self._fields(lasted_s))
            self._since_s = None

    def _fields(self, lasted_s: float) -> Extra:
        return fields(what=self._what, times=self._times, for_s=round(lasted_s))
