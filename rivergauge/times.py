"""Times on the command line: ISO 8601 with a zone, never guessed."""

from datetime import UTC, datetime

import typer

__all__ = ["format_utc", "parse_utc_ms"]


def parse_utc_ms(text: str) -> int:
    """Return Unix ms of an ISO 8601 time with its zone; raise typer.BadParameter, which ends with exit status 2."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"found {text!r}, expected a time such as 2018-08-30T00:00Z") from None
    if moment.tzinfo is None:
        hint = f"{text}Z for UTC" if "T" in text or " " in text else f"{text}T00:00Z for UTC"
        raise typer.BadParameter(f"found {text!r}, a time without a zone; write {hint}, or {hint[:-9]}+05:00")
    return round(moment.timestamp() * 1000)


def format_utc(at_ms: int) -> str:
    """Return the time as 2018-08-30T00:15:00Z; milliseconds are given only where there are any."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    precision = "milliseconds" if at_ms % 1000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
