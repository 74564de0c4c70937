"""What the gateway stores and its readers return: observations, revisions, flags and gaps.

Times are Unix milliseconds in UTC. Qualities are the QARTOD codes of protocol.quality.
A value that is absent is None, never 0 and never NaN.
"""

from dataclasses import dataclass

__all__ = ["NOT_APPLICABLE", "NO_RATING", "REMOVED", "VALUE", "WITHDRAWN", "Flag", "Gap", "Observation", "Revision"]

NO_RATING = "none"  # in the place of a rating where a revision needed none

# What cleared a flag.
VALUE = "value"  # the value came back beyond the threshold's clear value
NOT_APPLICABLE = "not-applicable"  # the threshold's validity ended
REMOVED = "removed"  # the threshold is no longer in the basin file
# Observations that came late show that there was no such condition, or that it was of another flag.
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Observation:
    """One raw value of one channel at one instant, as the station measured it."""

    basin: str
    station: str
    sensor: int
    variable: str  # a field name with its unit and statistic: stage_m, distance_m_count
    observed_at_ms: int
    value: float | None
    quality: int
    log_id: int
    record_no: int
    configuration_no: int
    received_at_ms: int
    provenance: str  # "authenticated", or "unauthenticated" for other makers' loggers
    test: bool = False  # made on the bench or during maintenance: never flagged, never in a bulletin
    null_reason: int | None = None  # protocol.quality, only where value is None


@dataclass(frozen=True, slots=True)
class Revision:
    """A value that the gateway derived from an observation: rated discharge, or the same value with a worse quality."""

    basin: str
    station: str
    sensor: int
    variable: str
    observed_at_ms: int
    value: float | None
    quality: int
    rule: str  # how it was derived: "rating", or why it is doubted: one of plausibility.TIME_RULES
    rating: str  # identifier of the rating table, or NO_RATING
    revision_no: int
    test: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """A raised condition of one station's threshold, from its raising until after its clearing.

    (station, threshold, first_detected_at_ms) names it for ever.
    """

    basin: str
    station: str
    threshold: str
    kind: str  # "level" or "rise_rate"
    variable: str
    direction: str  # "above" or "below"
    state: str  # "raised" or "cleared"
    first_detected_at_ms: int
    raised_at_ms: int
    cleared_at_ms: int | None
    peak: float  # the most extreme value in the flag's direction (per hour for rise_rate)
    peak_at_ms: int
    raise_value: float
    clear_value: float
    source: str  # who set the threshold
    cleared_by: str | None = None  # VALUE, NOT_APPLICABLE, REMOVED or WITHDRAWN; None while raised


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that a station overwrote before it could send them: lost, and known to be."""

    basin: str
    station: str
    log_id: int
    first_record_no: int
    last_record_no: int
    told_at_ms: int
