"""Which hydrographs a station gets: its stage with thresholds and raised flags, its discharge."""

from collections.abc import Sequence

from rivergauge.basin import Station

from .hydrograph import Drawing, Mark, Size, Span, draw_hydrograph
from .model import FlagReport, Point, StationReport

__all__ = ["NARROW", "SMALL", "WIDE", "draw_discharge", "draw_stage"]

WIDE = Size(width=880, height=300, value_ticks=6, time_ticks=9)
NARROW = Size(width=360, height=260, value_ticks=6, time_ticks=4)  # a phone
SMALL = Size(width=420, height=170, value_ticks=4, time_ticks=5)  # two beside each other on A4


def draw_stage(station: Station, report: StationReport, from_ms: int, to_ms: int, size: Size) -> Drawing:
    return _draw(station, "stage_m", report.stages, report.flags, from_ms, to_ms, size)


def draw_discharge(station: Station, report: StationReport, from_ms: int, to_ms: int, size: Size) -> Drawing:
    return _draw(station, "discharge_m3_s", report.discharges, report.flags, from_ms, to_ms, size)


def _draw(
    station: Station,
    variable: str,
    points: Sequence[Point],
    flags: Sequence[FlagReport],
    from_ms: int,
    to_ms: int,
    size: Size,
) -> Drawing:
    marks = [
        Mark(threshold.name, threshold.raise_value)
        for threshold in station.thresholds
        if threshold.kind == "level" and threshold.variable == variable and threshold.applies_at(to_ms - 1)
    ]
    spans = [
        Span(each.flag.threshold, each.flag.raised_at_ms, each.flag.cleared_at_ms)
        for each in flags
        if each.flag.variable == variable
    ]
    return draw_hydrograph(points, from_ms, to_ms, station.sampling.record_every_s * 1000, marks, spans, size)
