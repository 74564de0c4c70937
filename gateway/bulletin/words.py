"""How figures, times and qualities are written for people."""

from datetime import UTC, datetime

from protocol.quality import FAIL, GOOD, MISSING, NOT_EVALUATED, SUSPECT

__all__ = ["QUALITY_WORDS", "UNITS", "format_age", "format_figure", "format_minute"]

QUALITY_WORDS = {
    GOOD: "good",
    NOT_EVALUATED: "not evaluated",
    SUSPECT: "suspect",
    FAIL: "fail",
    MISSING: "missing",
}
UNITS = {"stage_m": "m", "discharge_m3_s": "m³/s"}


def format_figure(value: float, variable: str) -> str:
    """Return stage to the millimetre, and anything else to three significant figures."""
    if variable == "stage_m":
        return f"{value:.3f}"
    magnitude = abs(value)
    decimals = next((places for limit, places in ((100, 0), (10, 1), (1, 2)) if magnitude >= limit), 3)
    return f"{value:.{decimals}f}"


def format_minute(at_ms: int) -> str:
    """Return the UTC time for people: "31 Aug 2018 14:15", the date unbroken."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{moment.day}\u00a0{moment.strftime('%b')}\u00a0{moment.year} {moment.strftime('%H:%M')}"


def format_age(age_ms: int) -> str:
    """Return how long ago, in the largest unit that leaves two of them: "35 min", "20 h", "3 days"."""
    minutes = max(0, age_ms) // 60_000
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"
