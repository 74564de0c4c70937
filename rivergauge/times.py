"""Times on the command line."""

import typer

from gateway.times import parse_utc_ms

__all__ = ["utc_ms"]


def utc_ms(text: str) -> int:
    """Return Unix ms; for typer's `parser=`: a wrong time ends the command with exit status 2."""
    try:
        return parse_utc_ms(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
