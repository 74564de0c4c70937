"""What a bulletin says, as plain frozen values. Times are Unix milliseconds in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.observations import Flag
from rivergauge.basin import Basin

__all__ = ["Bulletin", "Completeness", "Figure", "FlagReport", "Point", "Provenance", "State", "StationReport"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a number comes from; `rating`, `rule` and `revision_no` only where it was derived."""

    station: str
    sensor: int
    configuration_no: int
    log_id: int
    record_no: int
    received_at_ms: int
    authenticity: str
    rating: str | None = None
    rule: str | None = None
    revision_no: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number."""

    variable: str
    value: float
    quality: int
    observed_at_ms: int
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Point:
    """One instant of a series, for drawing."""

    at_ms: int
    value: float | None
    quality: int


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many of the records due in the period were stored, and how many of those hold a usable stage."""

    due: int
    stored: int
    usable: int

    @property
    def percent(self) -> float | None:
        """Stored of due; None where nothing was due yet."""
        return 100 * self.stored / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class FlagReport:
    """A flag that touched the period, and the record its peak comes from where that lies in the period."""

    flag: Flag
    peak: Provenance | None


@dataclass(frozen=True, slots=True)
class StationReport:
    """One station in the period; `stage` and `discharge` are the last ones with a value."""

    station: str
    stage: Figure | None
    discharge: Figure | None
    is_stale: bool
    completeness: Completeness
    flags: tuple[FlagReport, ...]
    stages: tuple[Point, ...]
    discharges: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class State:
    """The stations in one state."""

    code: str
    names: Mapping[str, str]
    reports: tuple[StationReport, ...]


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One bulletin: the period is from_ms <= time < to_ms; states and stations in alphabetical order."""

    basin: Basin
    from_ms: int
    to_ms: int
    issued_at_ms: int
    states: tuple[State, ...]

    @property
    def identifier(self) -> str:
        """A name of its own for each issue: a later issue for the same period never replaces an earlier one."""
        return f"{self.basin.code}_{_stamp(self.from_ms)}_{_stamp(self.to_ms)}_issued_{_stamp(self.issued_at_ms)}"


def _stamp(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
