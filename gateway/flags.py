"""When a threshold's flag is raised and cleared: one state machine per station and threshold.

The law this file keeps: what is raised depends on the observations alone, in the order of their time. No data never
clears a flag. What came late is for evaluation.py. No I/O, no clock.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gateway.observations import NOT_APPLICABLE, VALUE, Flag
from gateway.times import format_utc
from protocol.quality import FAIL, MISSING
from rivergauge.basin import Threshold

__all__ = ["Watch", "flag_from_json", "flag_message", "flag_to_json"]

MS_PER_HOUR = 3_600_000
# A rate is taken over a whole hour: over less, the noise of a gauge in waves would pass for a flood. What was an hour
# ago is interpolated, between observations no further apart than this.
RATE_GAP_LIMIT_MS = 6 * MS_PER_HOUR


@dataclass(slots=True)
class Watch:
    """What is remembered between observations of one threshold."""

    last_at_ms: int | None = None
    first_detected_at_ms: int | None = None
    raised_at_ms: int | None = None
    clearing_since_ms: int | None = None
    peak: float = 0.0
    peak_at_ms: int = 0
    recent: list[tuple[int, float]] = field(
        default_factory=list
    )  # (time, value) of the last hour, and one before; for rise_rate

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "Watch":
        """Return what `asdict` made a dictionary of."""
        return cls(**values | {"recent": [(at_ms, value) for at_ms, value in values["recent"]]})

    def advance(
        self, basin: str, station: str, threshold: Threshold, at_ms: int, value: float | None, quality: int
    ) -> Flag | None:
        """Take one observation; return the flag when it is raised, has a new peak, or is cleared.

        An observation that is not later than the last one changes nothing.
        """
        if self.last_at_ms is not None and at_ms <= self.last_at_ms:
            return None
        self.last_at_ms = at_ms
        if not threshold.applies_at(at_ms):
            return self._clear(basin, station, threshold, at_ms, NOT_APPLICABLE)
        if value is not None and quality in (FAIL, MISSING):
            value = None
        if value is not None and threshold.kind == "rise_rate":
            value = self._rate_per_hour(at_ms, value)
        if value is None:
            self.clearing_since_ms = None
            return None
        if self.raised_at_ms is None:
            return self._detect(basin, station, threshold, at_ms, value)
        return self._follow(basin, station, threshold, at_ms, value)

    def _detect(self, basin: str, station: str, threshold: Threshold, at_ms: int, value: float) -> Flag | None:
        if not _reaches(value, threshold.raise_value, threshold.direction):
            self._forget()
            return None
        if self.first_detected_at_ms is None:
            self.first_detected_at_ms = at_ms
            self.peak, self.peak_at_ms = value, at_ms
        self._note_peak(threshold, at_ms, value)
        if at_ms - self.first_detected_at_ms < threshold.raise_after_s * 1000:
            return None
        self.raised_at_ms = at_ms
        return self._flag(basin, station, threshold)

    def _follow(self, basin: str, station: str, threshold: Threshold, at_ms: int, value: float) -> Flag | None:
        is_new_peak = self._note_peak(threshold, at_ms, value)
        if not _reaches(value, threshold.clear_value, "below" if threshold.direction == "above" else "above"):
            self.clearing_since_ms = None
        elif self.clearing_since_ms is None:
            self.clearing_since_ms = at_ms
        if self.clearing_since_ms is not None and at_ms - self.clearing_since_ms >= threshold.clear_after_s * 1000:
            return self._clear(basin, station, threshold, at_ms, VALUE)
        return self._flag(basin, station, threshold) if is_new_peak else None

    def current(self, basin: str, station: str, threshold: Threshold) -> Flag | None:
        """Return the flag as it stands, None while none is raised."""
        return self._flag(basin, station, threshold) if self.raised_at_ms is not None else None

    def copy(self) -> "Watch":
        return replace(self, recent=list(self.recent))

    def _clear(self, basin: str, station: str, threshold: Threshold, at_ms: int, by: str) -> Flag | None:
        is_raised = self.raised_at_ms is not None
        cleared = self._flag(basin, station, threshold, at_ms, by) if is_raised else None
        self._forget()
        return cleared

    def _forget(self) -> None:
        self.first_detected_at_ms = self.raised_at_ms = self.clearing_since_ms = None

    def _note_peak(self, threshold: Threshold, at_ms: int, value: float) -> bool:
        if value == self.peak or not _reaches(value, self.peak, threshold.direction):
            return False
        self.peak, self.peak_at_ms = value, at_ms
        return True

    def _rate_per_hour(self, at_ms: int, value: float) -> float | None:
        """Return the rise over the last hour, None where what was an hour ago cannot be told."""
        hour_ago_ms = at_ms - MS_PER_HOUR
        self.recent.append((at_ms, value))
        while len(self.recent) > 1 and self.recent[1][0] <= hour_ago_ms:
            del self.recent[0]
        (before_ms, before), (after_ms, after) = self.recent[0], self.recent[min(1, len(self.recent) - 1)]
        if before_ms > hour_ago_ms or after_ms - before_ms > RATE_GAP_LIMIT_MS:
            return None
        return value - (before + (after - before) * (hour_ago_ms - before_ms) / (after_ms - before_ms))

    def _flag(
        self, basin: str, station: str, threshold: Threshold, cleared_at_ms: int | None = None, by: str | None = None
    ) -> Flag:
        raised_at_ms = self.raised_at_ms or 0
        return Flag(
            basin=basin,
            station=station,
            threshold=threshold.name,
            kind=threshold.kind,
            variable=threshold.variable,
            direction=threshold.direction,
            state="raised" if cleared_at_ms is None else "cleared",
            first_detected_at_ms=raised_at_ms if self.first_detected_at_ms is None else self.first_detected_at_ms,
            raised_at_ms=raised_at_ms,
            cleared_at_ms=cleared_at_ms,
            peak=self.peak,
            peak_at_ms=self.peak_at_ms,
            raise_value=threshold.raise_value,
            clear_value=threshold.clear_value,
            source=threshold.source,
            cleared_by=by,
        )


def flag_to_json(flag: Flag) -> bytes:
    """Return the flag as it is kept in the journal."""
    return json.dumps(asdict(flag)).encode()


def flag_from_json(text: bytes) -> Flag:
    return Flag(**json.loads(text))


def flag_message(flag: Flag) -> bytes:
    """Return the flag as it is published (docs/flag-message.md): JSON, times as ISO 8601 in UTC."""
    shown: dict[str, Any] = {}
    for key, value in asdict(flag).items():
        is_time = key.endswith("_ms")
        shown[key.removesuffix("_ms")] = format_utc(value) if is_time and value is not None else value
    return json.dumps({"version": 1, **shown}).encode()


def _reaches(value: float, limit: float, direction: str) -> bool:
    return value >= limit if direction == "above" else value <= limit
