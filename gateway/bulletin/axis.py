"""Where the ticks of a drawing's axes stand. No I/O, no clock."""

import math
from datetime import UTC, datetime

__all__ = ["time_label", "time_ticks", "value_ticks"]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TIME_STEPS_MS = [
    HOUR_MS // 4, HOUR_MS // 2, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS,
    DAY_MS, 2 * DAY_MS, 5 * DAY_MS, 10 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS, 365 * DAY_MS,
]  # fmt: skip


def value_ticks(lowest: float, highest: float, most: int) -> list[float]:
    """Return round numbers, 1, 2 or 5 times a power of ten apart, that enclose lowest to highest."""
    step = 10.0 ** math.floor(math.log10((highest - lowest) / most))
    for factor in (1, 2, 5, 10):
        first = math.floor(lowest / (step * factor))
        last = math.ceil(highest / (step * factor))
        if last - first <= most:
            break
    return [round(number * step * factor, 10) for number in range(first, last + 1)]


def time_ticks(from_ms: int, to_ms: int, most: int) -> list[int]:
    """Return about `most` round times in UTC from from_ms to to_ms."""
    step_ms = next((step for step in TIME_STEPS_MS if (to_ms - from_ms) // step <= most), TIME_STEPS_MS[-1])
    first_ms = -(-from_ms // step_ms) * step_ms
    return list(range(first_ms, to_ms + 1, step_ms))


def time_label(at_ms: int) -> str:
    """Return the hour, or the day where it begins: "06:00", "31 Aug"."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    if at_ms % DAY_MS:
        return moment.strftime("%H:%M")
    return f"{moment.day} {moment.strftime('%b')}"
