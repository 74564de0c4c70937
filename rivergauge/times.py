"""Times and speeds on the command line."""

import math

import typer

from gateway.times import parse_utc_ms

__all__ = ["parse_speed", "utc_ms"]


def utc_ms(text: str) -> int:
    """Return Unix ms; for typer's `parser=`: a wrong time ends the command with exit status 2."""
    try:
        return parse_utc_ms(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def parse_speed(text: str) -> float | None:
    """Return bench seconds per real second, None for `max`; a wrong one ends the command with exit status 2."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise typer.BadParameter(f"--speed: found {text!r}, expected a number above 0, or max")
    return speed
