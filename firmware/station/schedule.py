# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Which instant is due: multiples of the interval, counted in UTC where the clock is set, so that nothing drifts."""

LATE_MS = 20_000  # an instant is still measured this long after it was due, for a station that woke or restarted late
LATE_PART = 10  # but no later than this part of the interval
SKIPPED_LIMIT = 96  # instants without a measurement that are explained by null records at once: a day of quarter hours


def due_instant(now_ms, every_ms, last_ms):
    """Return the instant to measure next, later than the last one recorded (None where that is not known)."""
    due_ms = now_ms // every_ms * every_ms
    if now_ms - due_ms > min(LATE_MS, every_ms // LATE_PART):
        due_ms += every_ms
    # Only the instants around now count as recorded: a last one far ahead means that the clock was set back.
    while last_ms is not None and due_ms <= last_ms < due_ms + every_ms:
        due_ms += every_ms
    return due_ms


def skipped_instants(last_ms, due_ms, every_ms):
    """Return the instants between the last recorded one and the due one, oldest first, SKIPPED_LIMIT at most."""
    first_ms = (last_ms // every_ms + 1) * every_ms
    return list(range(first_ms, due_ms, every_ms))[:SKIPPED_LIMIT]
