# Shared dialect: runs on MicroPython, and on CPython.
"""Which instant is due, on a time line of quarter hours from 0."""

from firmware.station.schedule import LATE_MS, SKIPPED_LIMIT, due_instant, skipped_instants

QUARTER = 900_000

# name: (now, every, last recorded, due)
DUE = {
    "before the instant": (QUARTER - 5000, QUARTER, 0, QUARTER),
    "at the instant": (QUARTER, QUARTER, 0, QUARTER),
    "a little late": (QUARTER + LATE_MS, QUARTER, 0, QUARTER),
    "too late": (QUARTER + LATE_MS + 1, QUARTER, 0, 2 * QUARTER),
    "late, but recorded before the power went": (QUARTER + 100, QUARTER, QUARTER, 2 * QUARTER),
    "just recorded": (QUARTER + 600, QUARTER, QUARTER, 2 * QUARTER),
    "recorded a little before": (QUARTER - 100, QUARTER, QUARTER, 2 * QUARTER),
    "nothing recorded ever": (5, QUARTER, None, 0),
    "late by more than a tenth of a short interval": (61_500, 10_000, 50_000, 70_000),
    "late by less than a tenth of a short interval": (60_900, 10_000, 50_000, 60_000),
    "the clock was set back by an hour": (10 * QUARTER + 100_000, QUARTER, 14 * QUARTER, 11 * QUARTER),
    "the clock was set forward by an hour": (10 * QUARTER + 100_000, QUARTER, 6 * QUARTER, 11 * QUARTER),
    "the last instant lies off the grid": (QUARTER + 100, QUARTER, QUARTER + 50, 2 * QUARTER),
}

# name: (last recorded, due, skipped)
SKIPPED = {
    "none": (0, QUARTER, []),
    "one": (0, 2 * QUARTER, [QUARTER]),
    "off the grid": (10, 3 * QUARTER, [QUARTER, 2 * QUARTER]),
    "due before the last": (5 * QUARTER, QUARTER, []),
    "more than are explained": (0, 500 * QUARTER, [i * QUARTER for i in range(1, SKIPPED_LIMIT + 1)]),
}


def test_an_instant_is_due_once_and_never_drifts():
    for name, (now_ms, every_ms, last_ms, due_ms) in sorted(DUE.items()):
        assert due_instant(now_ms, every_ms, last_ms) == due_ms, name


def test_skipped_instants_are_those_between_the_last_and_the_due_one():
    for name, (last_ms, due_ms, skipped) in sorted(SKIPPED.items()):
        assert skipped_instants(last_ms, due_ms, QUARTER) == skipped, name
