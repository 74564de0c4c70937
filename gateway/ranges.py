"""Ranges of record numbers, both ends included."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

__all__ = ["Range", "between", "joined", "size", "without"]

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
    left: list[Range] = []
    holes = joined(taken)
    at = 0  # each hole is come by once: a station may have many thousands
    for first, last in joined(ranges):
        while first <= last:
            while at < len(holes) and holes[at][1] < first:
                at += 1
            if at == len(holes) or holes[at][0] > last:
                left.append((first, last))
                break
            if holes[at][0] > first:
                left.append((first, holes[at][0] - 1))
            first = holes[at][1] + 1
    return left


def between(ranges: Sequence[Range], first: int, last: int) -> Sequence[Range]:
    """Return those of joined ranges that have a number from first to last, without looking at the others."""
    begins = bisect_left(ranges, first, key=lambda each: each[1])
    return ranges[begins : bisect_right(ranges, last, key=lambda each: each[0])]


def size(ranges: Sequence[Range]) -> int:
    return sum(last - first + 1 for first, last in ranges)
