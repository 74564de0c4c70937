"""Discharge that the gateway rates from stage."""

from collections.abc import Iterable, Iterator

from protocol.quality import FAIL, GOOD, MISSING, NOT_EVALUATED, SUSPECT
from protocol.rating import RatingTable

__all__ = ["RULE", "rate"]

RULE = "rating"

# From best to worst: a discharge is never better than the stage it was rated from.
WORSENING = (GOOD, NOT_EVALUATED, SUSPECT, FAIL, MISSING)


def rate(stages: Iterable[tuple[float | None, int]], table: RatingTable) -> Iterator[tuple[float | None, int]]:
    """Yield (discharge in m3/s, quality) for each (stage in m, quality); None outside the table, never clamped."""
    for stage_m, quality in stages:
        discharge_m3_s = table.discharge_m3_s(stage_m) if stage_m is not None else None
        if discharge_m3_s is not None:
            yield discharge_m3_s, quality
        else:
            # A stage above the table is a good stage, but there is no discharge to trust.
            yield None, max(quality, MISSING, key=WORSENING.index)
