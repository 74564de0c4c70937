"""What a command to a station says: its name and its arguments, as typed."""

from collections.abc import Mapping, Sequence

import typer

from protocol.batch import UINT32_LIMIT

__all__ = ["NAMES", "parse_arguments", "parse_words"]

DAY_S = 86_400
# Each command with the whole numbers it takes, and between what they may lie; None: a text, made of the basin file.
NUMBERS: dict[str, dict[str, tuple[int, int]]] = {
    "maintenance": {"on": (0, 1)},
    "reboot": {},
    "report-health": {},
    "send-range": {"first": (0, UINT32_LIMIT), "last": (0, UINT32_LIMIT)},
    "set-interval": {"record_every_s": (1, DAY_S), "send_every_s": (1, DAY_S)},
}
NAMES = sorted(NUMBERS)


def parse_arguments(name: str, words: Sequence[str]) -> dict[str, int | str]:
    """Return the arguments of a command; wrong ones end the command line with exit status 2."""
    if name not in NUMBERS:
        raise typer.BadParameter(f"found {name!r}, expected one of {', '.join(NAMES)}", param_hint="NAME")
    bounds = NUMBERS[name]
    found = parse_words(words, list(bounds), f"{name} takes")
    return {key: _number(key, found.get(key), bounds[key]) for key in bounds}


def parse_words(words: Sequence[str], known: Sequence[str], who: str) -> Mapping[str, str]:
    """Return what is typed as KEY=VALUE; keys that are not known end the command line."""
    found = dict(word.partition("=")[::2] for word in words)
    unknown = [key for key in found if key not in known]
    if unknown:
        expected = ", ".join(f"{key}=..." for key in known) or "no arguments"
        raise typer.BadParameter(f"found {', '.join(unknown)}; {who} {expected}", param_hint="KEY=VALUE")
    return found


def _number(key: str, text: str | None, bounds: tuple[int, int]) -> int:
    low, high = bounds
    if text is None or not text.isdecimal() or not low <= int(text) <= high:
        found = "nothing" if text is None else repr(text)
        raise typer.BadParameter(f"{key}: found {found}, expected {low} to {high}", param_hint="KEY=VALUE")
    return int(text)
