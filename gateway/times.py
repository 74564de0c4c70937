"""Times for programs and on the rim: ISO 8601 with a zone, never guessed."""

from datetime import UTC, datetime

__all__ = ["format_utc", "parse_utc_ms"]


def format_utc(at_ms: int) -> str:
    """Return the time as 2018-08-31T14:15:00Z; milliseconds are given only where there are any."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds").replace("+00:00", "Z")


def parse_utc_ms(text: str) -> int:
    """Return Unix ms of an ISO 8601 time that says its zone; raise ValueError with what to write instead."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"found {text!r}, expected a time such as 2018-08-30T00:00Z") from None
    if moment.tzinfo is None:
        example = f"{moment.isoformat(timespec='minutes')}Z"
        raise ValueError(f"found {text!r}, a time without a zone; expected {example} if UTC is meant")
    return round(moment.timestamp() * 1000)
