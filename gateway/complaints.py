"""Saying that something is wrong: at once, again at lengthening intervals, and when it is over."""

import logging
from collections.abc import Callable

__all__ = ["Complaint"]

AGAIN_AFTER_S = (60, 300, 1800)  # the last one repeats


class Complaint:
    """One thing that can be wrong, such as a broker that is away."""

    def __init__(self, log: logging.Logger, what: str, monotonic_s: Callable[[], float]) -> None:
        self._log = log
        self._what = what
        self._monotonic_s = monotonic_s
        self._since_s: float | None = None
        self._said = 0
        self._next_s = 0.0

    @property
    def is_open(self) -> bool:
        return self._since_s is not None

    def raise_(self, reason: str) -> None:
        """Note that it is wrong; logs only when it is time to say so again."""
        now_s = self._monotonic_s()
        if self._since_s is None:
            self._since_s, self._said, self._next_s = now_s, 0, now_s
        if now_s < self._next_s:
            return
        lasting = f", for {now_s - self._since_s:.0f} s now" if self._said else ""
        self._log.warning("%s: %s%s", self._what, reason, lasting)
        self._next_s = now_s + AGAIN_AFTER_S[min(self._said, len(AGAIN_AFTER_S) - 1)]
        self._said += 1

    def clear(self) -> None:
        """Note that it is well; logs only after it was wrong."""
        if self._since_s is not None:
            self._log.info("%s: well again after %.0f s", self._what, self._monotonic_s() - self._since_s)
            self._since_s = None
