"""What an audit finds: well, to be known, or to be mended."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["Finding", "Level", "ok", "problem", "warning"]


class Level(Enum):
    OK = "ok"
    WARNING = "warning"  # works, and should be known or may hurt one day
    PROBLEM = "problem"  # does not work, or lets strangers in


@dataclass(frozen=True)
class Finding:
    """One line of an audit. `advice` says what to do; it is empty only where nothing is to be done."""

    what: str
    level: Level
    detail: str
    advice: str = ""


def ok(what: str, detail: str) -> Finding:
    return Finding(what, Level.OK, detail)


def warning(what: str, detail: str, advice: str) -> Finding:
    return Finding(what, Level.WARNING, detail, advice)


def problem(what: str, detail: str, advice: str) -> Finding:
    return Finding(what, Level.PROBLEM, detail, advice)
