"""What is wrong in a configuration file: where, what was found, what was expected."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["BasinError", "ConfigurationError", "Problem"]


@dataclass(frozen=True)
class Problem:
    """One mistake in one file; `line` counts from 1 and is None where the file as a whole is meant."""

    file: Path
    line: int | None
    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        what = f"{self.path}: " if self.path else ""
        return f"{where}: {what}found {self.found}, expected {self.expected}"


class ConfigurationError(Exception):
    """The file cannot be used; `problems` holds every mistake found, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class BasinError(ConfigurationError):
    """The basin file cannot be used."""
