"""The river of a virtual station: stage at any instant, from a CSV file or synthetic."""

import csv
import gzip
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["River", "RiverError", "read_river", "synthetic_flood"]

METRES_PER_FOOT = 0.3048
M3_PER_CUBIC_FOOT = METRES_PER_FOOT**3
# Rows further apart than this have a gap between them, in which the stage is not known.
INTERPOLATION_LIMIT_MS = 3_600_000

# time column -> (stage column, metres per unit, discharge column, m3/s per unit)
LAYOUTS = {
    "time": ("stage_m", 1.0, "discharge_m3_s", 1.0),
    "datetime_utc": ("gage_height_ft", METRES_PER_FOOT, "discharge_cfs", M3_PER_CUBIC_FOOT),
}
# What data providers write where there is no value.
NO_VALUE = ("", "NaN", "nan", "-9999")
# What hydrofunctions writes into the quality column of a USGS row that it filled in by itself.
FILLED_IN = "hf.missing"


class RiverError(Exception):
    """A river file cannot be used; the message says where, what was found and what was expected."""


class River:
    """Stage in m (and discharge in m3/s, where known) between `first_ms` and `last_ms`; instants are Unix ms."""

    def __init__(self, times_ms: Sequence[int], stages_m: Sequence[float | None],
                 discharges_m3_s: Sequence[float | None], source: str, is_synthetic: bool = False) -> None:  # fmt: skip
        self.first_ms = times_ms[0]
        self.last_ms = times_ms[-1]
        self.source = source
        self.is_synthetic = is_synthetic
        self._times_ms = times_ms
        self._stages_m = stages_m
        self._discharges_m3_s = discharges_m3_s

    def stage_m_at(self, at_ms: int) -> float | None:
        """Return the stage, linear between rows; None before, after and inside gaps."""
        return self._between_rows(self._stages_m, at_ms)

    def discharge_m3_s_at(self, at_ms: int) -> float | None:
        """Return the discharge, linear between rows; None where the source has none."""
        return self._between_rows(self._discharges_m3_s, at_ms)

    def _between_rows(self, values: Sequence[float | None], at_ms: int) -> float | None:
        times_ms = self._times_ms
        if not self.first_ms <= at_ms <= self.last_ms:
            return None
        row = bisect_right(times_ms, at_ms) - 1
        before = values[row]
        if times_ms[row] == at_ms:
            return before
        after, step_ms = values[row + 1], times_ms[row + 1] - times_ms[row]
        if before is None or after is None or step_ms > INTERPOLATION_LIMIT_MS:
            return None
        return before + (after - before) * (at_ms - times_ms[row]) / step_ms


def read_river(path: Path) -> River:
    """Read columns `time`, `stage_m`[, `discharge_m3_s`], or the USGS's with feet converted; `.gz` too.

    Raise RiverError with file, line, what was found and what was expected.
    """
    opener: Callable[..., object] = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as file:  # type: ignore[attr-defined]
            return _read_rows(path, csv.reader(file))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise RiverError(f"{path}: cannot be read ({error}); expected a CSV file, or one packed with gzip") from error


def _read_rows(path: Path, rows: "csv._reader") -> River:  # type: ignore[name-defined]
    header = [name.strip() for name in next(rows, [])]
    layout = next((name for name in LAYOUTS if name in header and LAYOUTS[name][0] in header), None)
    if layout is None:
        expected = " or ".join(f"{time},{stage}[,{discharge}]" for time, (stage, _, discharge, _) in LAYOUTS.items())
        raise RiverError(f"{path}, line 1: found the columns {','.join(header) or '(none)'}; expected {expected}")
    stage_name, stage_factor, discharge_name, discharge_factor = LAYOUTS[layout]
    time_at, stage_at = header.index(layout), header.index(stage_name)
    discharge_at = header.index(discharge_name) if discharge_name in header else None
    times_ms: list[int] = []
    stages_m: list[float | None] = []
    discharges_m3_s: list[float | None] = []
    for row in rows:
        if not row:
            continue
        where = f"{path}, line {rows.line_num}"
        if len(row) < len(header):
            raise RiverError(f"{where}: found {len(row)} values; expected {len(header)}, one for each column of line 1")
        at_ms = _parse_time_ms(row[time_at], where)
        if times_ms and at_ms <= times_ms[-1]:
            raise RiverError(f"{where}: found the time {row[time_at]}; expected one later than the line before")
        times_ms.append(at_ms)
        is_measured = FILLED_IN not in row
        stages_m.append(_parse_value(row[stage_at], stage_factor, stage_name, where) if is_measured else None)
        if discharge_at is not None and is_measured:
            discharges_m3_s.append(_parse_value(row[discharge_at], discharge_factor, discharge_name, where))
        else:
            discharges_m3_s.append(None)
    if not times_ms:
        raise RiverError(f"{path}: found no rows below line 1; expected at least one")
    return River(times_ms, stages_m, discharges_m3_s, str(path))


def _parse_time_ms(text: str, where: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RiverError(f"{where}: found the time {text!r}; expected one like 2018-08-31T06:15Z") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _parse_value(text: str, factor: float, name: str, where: str) -> float | None:
    if text.strip() in NO_VALUE:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RiverError(f"{where}: found {name} {text!r}; expected a number, or nothing where there is no value")
    return value * factor


# The synthetic flood: a snow-fed river with a daily wave, and one flood early on.
SYNTHETIC_STEP_MS = 60_000
SYNTHETIC_DAYS = 30
BASE_STAGE_M = 0.5
DAILY_WAVE_M = 0.04
FLOOD_START_MS = 20 * 60_000
FLOOD_TIME_TO_PEAK_MS = 90 * 60_000
FLOOD_RISE_M = 2.0
FLOOD_SHAPE = 3.0  # exponent of the gamma hydrograph: larger is more peaked


def synthetic_flood(start_ms: int, delay_ms: int = 0, rise_m: float = FLOOD_RISE_M) -> River:
    """Return a month with a flood that begins to rise 20 minutes and `delay_ms` after its start.

    It peaks 90 minutes later. It is the dimensionless gamma hydrograph (USDA NEH 630, chapter 16) of height `rise_m`.
    """
    times_ms = range(start_ms, start_ms + SYNTHETIC_DAYS * 86_400_000, SYNTHETIC_STEP_MS)
    stages_m = []
    for at_ms in times_ms:
        since = (at_ms - start_ms - FLOOD_START_MS - delay_ms) / FLOOD_TIME_TO_PEAK_MS
        flood_m = rise_m * (since * math.exp(1 - since)) ** FLOOD_SHAPE if since > 0 else 0.0
        stages_m.append(BASE_STAGE_M + DAILY_WAVE_M * math.sin(2 * math.pi * at_ms / 86_400_000) + flood_m)
    return River(times_ms, stages_m, [None] * len(stages_m), "synthetic flood", is_synthetic=True)
