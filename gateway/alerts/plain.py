"""Names, times and figures as they stand in a message: one line, with zone and unit, nothing hidden."""

from collections.abc import Mapping
from datetime import UTC, datetime

__all__ = ["named", "one_line", "utc"]


def one_line(text: str) -> str:
    """Return the text without line breaks and without letters that cannot be seen, which may turn others around."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def named(names: Mapping[str, str], language: str, otherwise: str) -> str:
    """Return the name in the language, or the first there is, or `otherwise`."""
    return one_line(names.get(language) or next(iter(names.values()), otherwise))


def utc(at_ms: int) -> str:
    """Return the time in the form that is read alike in every language: 2018-08-31 18:15 UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
