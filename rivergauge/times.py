"""Times and speeds on the command line."""

import math

import typer

from gateway.times import parse_utc_ms

__all__ = ["parse_duration_ms", "parse_speed", "utc_ms"]

UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def utc_ms(text: str) -> int:
    """Return Unix ms; for typer's `parser=`: a wrong time ends the command with exit status 2."""
    try:
        return parse_utc_ms(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def parse_duration_ms(text: str) -> int:
    """Return the milliseconds of 90s, 15m, 6h or 1d; a wrong one ends the command with exit status 2."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS_MS or not number.isdecimal() or int(number) == 0:
        raise typer.BadParameter(f"found {text!r}, expected a whole number of {', '.join(UNITS_MS)}, such as 6h or 1d")
    return int(number) * UNITS_MS[unit]


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
