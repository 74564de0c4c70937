# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Dates for the records of a ring that were written without one; loaded where there may be such records.

The law this file keeps: times rise strictly with record numbers; what a stepped clock would put elsewhere stays as it
is. `front` is a place in the ring before which no record is pending.
"""

from . import slots

EARLIEST_GUESS_MS = 946_684_800_000  # 2000-01-01: for a station that never knew the time; plainly no true date
GUESSED_STEP_MS = 1000  # between records of which only the order is known


def date_records(ring, front, boot_no, utc_at, clock_quality):
    """Date the records of one boot, as Queue.date_records says."""
    dated = 0
    for place, record, before, limit_ms in _walk_between_dates(ring, front):
        if record.utc_ms is None and record.boot_no == boot_no:
            utc_ms = utc_at(record.monotonic_ms)
            if (before is None or before.utc_ms < utc_ms) and utc_ms < limit_ms:
                dated += _date(ring, place, record, utc_ms, clock_quality)
    return dated


def date_by_guess(ring, front, is_given_up, clock_quality, stepped_boot_no):
    """Date the records that are given up, as Queue.date_by_guess says."""
    dated = 0
    for place, record, before, limit_ms in _walk_between_dates(ring, front):
        if record.utc_ms is None and is_given_up(record):
            utc_ms = _guess_ms(before, record, record.boot_no == stepped_boot_no)
            if utc_ms >= limit_ms:
                utc_ms = (before.utc_ms + limit_ms) // 2
            dated += _date(ring, place, record, utc_ms, clock_quality)
    return dated


def _walk_between_dates(ring, front):
    """Yield (place, Record, the last dated Record before it, the next date after it) for all that are pending.

    The caller may date the record that it is given.
    """
    start = (front[0] - 1, 0)  # so that there is one before the first pending record
    limits = []
    last_undated_no = None
    for _, _, record in ring.walk(start):
        if record.utc_ms is None:
            last_undated_no = record.record_no
        elif last_undated_no is not None:
            limits.append((last_undated_no, record.utc_ms))
            last_undated_no = None
    before = None
    for sequence, slot, record in ring.walk(start):
        while limits and limits[0][0] < record.record_no:
            limits.pop(0)
        yield (sequence, slot), record, before, limits[0][1] if limits else slots.DATE_LIMIT_MS
        if record.utc_ms is not None:
            before = record


def _date(ring, place, record, utc_ms, clock_quality):
    """Write a date and return True; False where bits that it needs are gone already."""
    if utc_ms >= slots.DATE_LIMIT_MS:
        return False
    at, date = slots.encode_date(utc_ms, clock_quality)
    ring.read(*place)
    if not slots.takes_date(ring.slot_bytes, date):
        return False
    ring.clear_bits(*place, at, date)
    record.utc_ms = utc_ms
    return True


def _guess_ms(before, record, keeps_order_only):
    if before is None:
        return EARLIEST_GUESS_MS + record.monotonic_ms
    if not keeps_order_only and before.boot_no == record.boot_no and before.monotonic_ms < record.monotonic_ms:
        return before.utc_ms + record.monotonic_ms - before.monotonic_ms
    return before.utc_ms + GUESSED_STEP_MS
