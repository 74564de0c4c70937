"""The bench clock: the only time there is for stations, instruments and gateway of one bench."""

import time

__all__ = ["Clock"]


class Clock:
    """Bench time in Unix ms, read from any thread and advanced by the bench alone; it never goes back.

    `speed` is bench seconds per real second; None runs as fast as the work allows. A bench that fell behind because
    stations were busy catches up while they sleep.
    """

    def __init__(self, start_ms: int, speed: float | None = None) -> None:
        if speed is not None and speed <= 0:
            raise ValueError(f"speed {speed}: expected a number above 0, or None for as fast as possible")
        self.speed = speed
        self._now_ms = start_ms
        self._paced_from_ms = start_ms
        self._paced_from_real_s = time.monotonic()

    def now_ms(self) -> int:
        return self._now_ms

    def start_pacing(self) -> None:
        """Let pace count from here and now, so that a pause of the bench is not caught up with."""
        self._paced_from_ms = self._now_ms
        self._paced_from_real_s = time.monotonic()

    def real_seconds_until(self, at_ms: int) -> float:
        """Return how long to wait, in real time, before advancing to `at_ms`; 0 when it is due."""
        if self.speed is None:
            return 0.0
        due_s = self._paced_from_real_s + (at_ms - self._paced_from_ms) / 1000 / self.speed
        return max(0.0, due_s - time.monotonic())

    def drift_towards(self, at_ms: int) -> None:
        """Let time pass at the clock's pace, until just before `at_ms`, so that readers see it flow between events."""
        if self.speed is None:
            return
        paced_ms = self._paced_from_ms + int((time.monotonic() - self._paced_from_real_s) * self.speed * 1000)
        self._now_ms = max(self._now_ms, min(paced_ms, at_ms - 1))

    def advance_to(self, at_ms: int) -> None:
        if at_ms < self._now_ms:
            raise ValueError(f"bench time cannot go back from {self._now_ms} to {at_ms}")
        self._now_ms = at_ms
