# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Records into the queue, dated where the clock is set, and dated later where it was not."""

from protocol.quality import SYNCHRONISED, UNSYNCHRONISED

UNDATED_LIMIT_MS = 24 * 3_600_000  # how long a record waits for a clock before it goes with a guessed date


class Dating:
    """What one wake puts into the queue; `memory` knows the boot, and whether there may be undated records."""

    def __init__(self, queue, clock, memory):
        self._queue = queue
        self._clock = clock
        self._memory = memory

    def append(self, instant_ms, monotonic_ms, values, is_test):
        """Add the record of an instant, as UTC where the clock is set."""
        queue, memory = self._queue, self._memory
        utc_ms = instant_ms if self._clock.utc_ms() is not None else None
        # A clock that was set back must not make times fall: such a record stays undated.
        if utc_ms is not None and utc_ms <= queue.newest_utc_ms():
            utc_ms = None
        memory.may_have_undated = memory.may_have_undated or utc_ms is None
        clock_quality = self._clock.quality() if utc_ms is not None else 0
        # An instant just before the power came back has no monotonic time of this boot.
        queue.append(memory.boot_no, max(0, monotonic_ms), utc_ms, values, is_test, clock_quality)

    def finish_torn(self):
        """Finish the dates that a power cut has torn, by the clock of the boot before, which alone knows them."""
        if not self._memory.is_born and self._queue.has_undated():
            boot_no, utc_at = self._clock.boot_last_dated()
            self._queue.date_records(boot_no, utc_at, SYNCHRONISED)

    def date_records(self, now_ms):
        """Date undated records at monotonic time `now_ms`; those that no clock will ever date by a guess, marked so."""
        queue, memory = self._queue, self._memory
        if not memory.may_have_undated:
            return
        is_known = self._clock.utc_ms() is not None
        if is_known:
            queue.date_records(memory.boot_no, self._clock.utc_at, self._clock.quality())
        given_up_ms = now_ms - UNDATED_LIMIT_MS

        def is_given_up(record):
            return is_known or given_up_ms >= (record.monotonic_ms if record.boot_no == memory.boot_no else 0)

        queue.date_by_guess(is_given_up, UNSYNCHRONISED, memory.boot_no if is_known else None)
        memory.may_have_undated = queue.has_undated()
