# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What a record holds of a burst of readings: whole numbers in, one whole number out."""

from math import sqrt

from protocol.variables import COUNT, MAX, MEAN, MEDIAN, MIN, STD

# As a configuration names them. The median is always among those of a sensor: it is the value that all else goes by.
CODES = {"median": MEDIAN, "mean": MEAN, "min": MIN, "max": MAX, "std": STD, "count": COUNT}
DEFAULT = (MEDIAN, COUNT)


def statistic(code, ordered):
    """Return a statistic of rising whole numbers, in their unit; None where they are too few for it."""
    if len(ordered) < (2 if code == STD else 1):
        return None
    return _STATISTICS[code](ordered)


def median(ordered):
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2


def _mean(ordered):
    # Rounded without a float: those of a board hold 24 bits.
    count = len(ordered)
    return (2 * sum(ordered) + count) // (2 * count)


def _standard_deviation(ordered):
    """Return the standard deviation of the sample, with n - 1."""
    count = len(ordered)
    above = [value - ordered[0] for value in ordered]  # smaller, so that a board's float is exact enough
    squares = count * sum(value * value for value in above) - sum(above) ** 2
    return round(sqrt(squares / (count * (count - 1))))


_STATISTICS = {
    MEDIAN: median,
    MEAN: _mean,
    MIN: lambda ordered: ordered[0],
    MAX: lambda ordered: ordered[-1],
    STD: _standard_deviation,
}
