"""Ranges of record numbers, both ends included."""

from collections.abc import Iterable, Sequence

__all__ = ["Range", "joined", "size", "without"]

Range = tuple[int, int]


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Return the same numbers in rising ranges that neither overlap nor touch."""
    result: list[Range] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def without(ranges: Iterable[Range], taken: Iterable[Range]) -> list[Range]:
    """Return the numbers of `ranges` that are in none of `taken`, in rising ranges."""
    left = joined(ranges)
    for first, last in joined(taken):
        left = [
            part for low, high in left for part in ((low, min(high, first - 1)), (max(low, last + 1), high))
            if part[0] <= part[1]
        ]  # fmt: skip
    return left


def size(ranges: Sequence[Range]) -> int:
    return sum(last - first + 1 for first, last in ranges)
