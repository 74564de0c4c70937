"""What line protocol says, point by point, so that rows of different writers can be compared."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.benchmarks.report import Disagreement

__all__ = ["Point", "parse_points", "refuse_disagreement"]


class Point(NamedTuple):
    measurement: str
    tags: frozenset[str]
    field: str
    is_integer: bool
    value: float
    at_ms: int


def parse_points(lines: bytes) -> set[Point]:
    """Return one point per field; names and tags here need no escapes."""
    points = set()
    for line in lines.decode().splitlines():
        series, fields, at_ms = line.split(" ")
        measurement, *tags = series.split(",")
        for field in fields.split(","):
            name, _, text = field.partition("=")
            is_integer = text.endswith("i")
            value = int(text[:-1]) if is_integer else float(text)
            points.add(Point(measurement, frozenset(tags), name, is_integer, value, int(at_ms)))
    return points


def refuse_disagreement(name: str, found: Iterable[Point], expected: Iterable[Point]) -> None:
    """Raise Disagreement, naming a point, unless both are the same points."""
    found, expected = set(found), set(expected)
    if found != expected:
        missing, wrong = sorted(expected - found, key=str), sorted(found - expected, key=str)
        raise Disagreement(
            f"{name}: {len(missing)} points missing (first: {missing[:1]}), {len(wrong)} not expected"
            f" (first: {wrong[:1]})"
        )
