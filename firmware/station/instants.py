# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The instants of one wake, counted in UTC where the clock is set, else in the board's monotonic time."""

from protocol.quality import UNSYNCHRONISED

from .schedule import due_instant


class Instants:
    """`newest` is the last record of the wakes before, None without one; `boot_no` the number of this boot."""

    def __init__(self, board, clock, newest, boot_no):
        self.attempted_ms = None  # the instant this wake has measured, or failed to
        self._board = board
        self._clock = clock
        self._newest = newest
        self._boot_no = boot_no

    def now_ms(self):
        utc_ms = self._clock.utc_ms()
        return self._board.monotonic_ms() if utc_ms is None else utc_ms

    def monotonic_at(self, instant_ms):
        return instant_ms if self._clock.utc_ms() is None else self._clock.monotonic_at(instant_ms)

    def due_ms(self, every_ms):
        """Return the instant to measure next."""
        last_ms = self.attempted_ms if self.attempted_ms is not None else self.last_ms()
        return due_instant(self.now_ms(), every_ms, last_ms)

    def last_ms(self):
        """Return the last instant recorded before this wake, as `now_ms` counts; None where the queue cannot tell."""
        if self._newest is None:
            return None
        if self._clock.utc_ms() is not None:
            return self._newest.utc_ms if self._newest.clock_quality != UNSYNCHRONISED else None
        return self._newest.monotonic_ms if self._newest.boot_no == self._boot_no else None

    def is_passed_over(self, due_ms, step_ms):
        """True when the clock was put forward by more than a step since the last record, and the station did run."""
        if self._newest.boot_no != self._boot_no:
            return False
        elapsed_ms = self._board.monotonic_ms() - self._newest.monotonic_ms
        return elapsed_ms < due_ms - self.last_ms() - step_ms

    def take_up_clock(self):
        """Count in UTC what was counted in monotonic time, the clock having been set since."""
        if self.attempted_ms is not None:
            self.attempted_ms = self._clock.utc_at(self.attempted_ms)
