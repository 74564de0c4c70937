"""Observations and their revisions as rows of plain values: one form for the command line, JSON and CSV."""

from collections.abc import Iterable

from gateway.observations import Observation, Revision
from gateway.times import format_utc

__all__ = ["COLUMNS", "Row", "observation_rows"]

Row = dict[str, str | int | float | None]

COLUMNS = [
    "observed_at", "station", "sensor", "variable", "value", "quality", "null_reason", "log_id", "record_no",
    "configuration_no", "received_at", "provenance", "test", "rule", "rating", "revision_no",
]  # fmt: skip


def observation_rows(observations: Iterable[Observation], revisions: Iterable[Revision]) -> list[Row]:
    """Return what was measured and what was derived from it, by time, sensor and variable.

    A revision has the record and the time of receipt of the raw observation it was derived from.
    """
    rows = []
    origins: dict[tuple[str, int, int], Row] = {}
    for each in observations:
        origin: Row = {
            "log_id": each.log_id,
            "record_no": each.record_no,
            "configuration_no": each.configuration_no,
            "received_at": format_utc(each.received_at_ms),
            "provenance": each.provenance,
        }
        origins[each.station, each.sensor, each.observed_at_ms] = origin
        derived: Row = {"null_reason": each.null_reason, "rule": None, "rating": None, "revision_no": None}
        rows.append(_row(each) | origin | derived)
    nothing: Row = dict.fromkeys(("log_id", "record_no", "configuration_no", "received_at", "provenance"))
    for revision in revisions:
        origin = origins.get((revision.station, revision.sensor, revision.observed_at_ms), nothing)
        derived = {
            "null_reason": None,
            "rule": revision.rule,
            "rating": revision.rating,
            "revision_no": revision.revision_no,
        }
        rows.append(_row(revision) | origin | derived)
    return sorted(rows, key=lambda row: [str(row["observed_at"]), row["sensor"], str(row["variable"])])


def _row(each: Observation | Revision) -> Row:
    return {
        "observed_at": format_utc(each.observed_at_ms),
        "station": each.station,
        "sensor": each.sensor,
        "variable": each.variable,
        "value": each.value,
        "quality": each.quality,
        "test": int(each.test),
    }
