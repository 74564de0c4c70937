# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Which instant is due: multiples of the interval, counted in UTC where the clock is set, so that nothing drifts."""

LATE_MS = 20_000  # an instant is still measured this long after it was due, for a station that woke or restarted late
LATE_PART = 10  # but no later than this part of the interval
SKIPPED_LIMIT = 96  # instants without a measurement that are explained by null records at once: a day of quarter hours


def due_instant(now_ms, every_ms, last_ms):
    """Return the instant to measure next, later than the last one recorded (None where that is not known)."""
    passed_ms = now_ms // every_ms * every_ms
    is_recorded = last_ms is not None and passed_ms <= last_ms < passed_ms + every_ms
    if not is_recorded and now_ms - passed_ms <= min(LATE_MS, every_ms // LATE_PART):
        return passed_ms
    return passed_ms + every_ms


def skipped_instants(last_ms, due_ms, every_ms):
    """Return the instants after the last recorded one that were due before this one, oldest first, SKIPPED_LIMIT at most."""
    first_ms = (last_ms // every_ms + 1) * every_ms
    return list(range(first_ms, due_ms, every_ms))[:SKIPPED_LIMIT]
