"""The geometry of a hydrograph; `hydrograph.svg` draws it. No I/O, no clock."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from protocol.quality import FAIL, SUSPECT

from .axis import time_label, time_ticks, value_ticks
from .model import Point

__all__ = ["Drawing", "Mark", "Size", "Span", "draw_hydrograph"]

LEFT, RIGHT, TOP, BOTTOM = 46, 10, 14, 24  # margins in pixels
LEAST_RANGE = 0.2  # an axis covers at least this much of its unit: a still river is a line, not its noise enlarged
GAP_STEPS = 1.5  # records further apart than this many intervals are not joined
LEAST_SHARE = 0.15  # a mark so far away that the series would fill less of the height is left off


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int
    value_ticks: int
    time_ticks: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A level to draw across, such as a threshold."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Span:
    """A time to shade: a flag was raised. No end means that it still is."""

    name: str
    from_ms: int
    to_ms: int | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """Positions in pixels, and the texts beside them."""

    size: Size
    left: int
    right: int
    top: int
    bottom: int
    line: str
    suspects: list[tuple[float, float]]
    fails: list[tuple[float, float]]
    missing: list[float]
    value_ticks: list[tuple[float, str]]
    time_ticks: list[tuple[float, str]]
    marks: list[tuple[float, str]]
    are_marks_named_left: bool
    marks_left_off: list[Mark]
    spans: list[tuple[float, float, str]]
    lowest: float | None
    highest: float | None


def draw_hydrograph(
    points: Sequence[Point],
    from_ms: int,
    to_ms: int,
    step_ms: int,
    marks: Sequence[Mark],
    spans: Sequence[Span],
    size: Size,
) -> Drawing:
    """Lay out the points of from_ms <= time <= to_ms; records more than GAP_STEPS of `step_ms` apart are not joined."""
    points = [point for point in points if from_ms <= point.at_ms <= to_ms]
    values = [point.value for point in points if point.value is not None and point.quality != FAIL]
    shown, left_off = _choose_marks(values, marks)
    ticks = _enclosing_ticks(values + [mark.value for mark in shown], size.value_ticks)
    right, bottom = size.width - RIGHT, size.height - BOTTOM

    def x(at_ms: int) -> float:
        within_ms = min(max(at_ms, from_ms), to_ms)
        return round(LEFT + (right - LEFT) * (within_ms - from_ms) / (to_ms - from_ms), 1)

    def y(value: float) -> float:
        return round(bottom - (bottom - TOP) * (value - ticks[0]) / (ticks[-1] - ticks[0]), 1)

    decimals = max(0, max(len(f"{tick:.10f}".rstrip("0").rpartition(".")[2]) for tick in ticks))
    return Drawing(
        size=size,
        left=LEFT,
        right=right,
        top=TOP,
        bottom=bottom,
        line=_line(points, step_ms, x, y),
        suspects=[
            (x(each.at_ms), y(each.value)) for each in points if each.quality == SUSPECT and each.value is not None
        ],
        fails=[
            (x(each.at_ms), y(min(max(each.value, ticks[0]), ticks[-1])))
            for each in points
            if each.quality == FAIL and each.value is not None
        ],
        missing=[x(each.at_ms) for each in points if each.value is None],
        value_ticks=[(y(tick), f"{tick:.{decimals}f}") for tick in ticks],
        time_ticks=[(x(at_ms), time_label(at_ms)) for at_ms in time_ticks(from_ms, to_ms, size.time_ticks)],
        marks=[(y(mark.value), mark.name) for mark in shown],
        are_marks_named_left=_is_lower_left(points, from_ms, to_ms),
        marks_left_off=left_off,
        spans=[
            (x(span.from_ms), x(to_ms if span.to_ms is None else span.to_ms), span.name)
            for span in spans
            if span.from_ms < to_ms and (span.to_ms is None or span.to_ms > from_ms)
        ],
        lowest=min(values, default=None),
        highest=max(values, default=None),
    )


def _choose_marks(values: Sequence[float], marks: Sequence[Mark]) -> tuple[list[Mark], list[Mark]]:
    if not values:
        return list(marks), []
    lowest, highest = min(values), max(values)
    covered = max(highest - lowest, LEAST_RANGE)
    shown = [mark for mark in marks if max(highest, mark.value) - min(lowest, mark.value) <= covered / LEAST_SHARE]
    return shown, [mark for mark in marks if mark not in shown]


def _is_lower_left(points: Sequence[Point], from_ms: int, to_ms: int) -> bool:
    """True where the water stands lower in the first quarter than in the last: names of marks have room there."""
    quarter_ms = (to_ms - from_ms) // 4
    first = [point.value for point in points if point.at_ms < from_ms + quarter_ms and point.value is not None]
    last = [point.value for point in points if point.at_ms > to_ms - quarter_ms and point.value is not None]
    return max(first, default=-math.inf) < max(last, default=-math.inf)


def _enclosing_ticks(values: Sequence[float], most: int) -> list[float]:
    lowest, highest = min(values, default=0.0), max(values, default=1.0)
    missing = max(0.0, LEAST_RANGE - (highest - lowest))
    return value_ticks(lowest - missing / 2, highest + missing / 2, most)


def _line(points: Sequence[Point], step_ms: int, x: Callable[[int], float], y: Callable[[float], float]) -> str:
    """Return the path of an SVG: broken where a value is missing or failed its checks, or where records lie apart."""
    commands = []
    last_ms: int | None = None
    for point in points:
        if point.value is None or point.quality == FAIL:
            last_ms = None
            continue
        is_joined = last_ms is not None and point.at_ms - last_ms <= GAP_STEPS * step_ms
        # "h0" makes a record without neighbours a dot instead of nothing.
        commands.append(f"{'L' if is_joined else 'M'}{x(point.at_ms)} {y(point.value)}{'' if is_joined else 'h0'}")
        last_ms = point.at_ms
    return "".join(commands)
