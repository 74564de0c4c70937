"""A TOML file as read, with every mistake found in it."""

import re
import tomllib
from pathlib import Path

from .locator import KeyPath, find_lines
from .problems import Problem
from .table import Table

__all__ = ["Document", "Table", "read_document"]

LINE_IN_TOML_ERROR = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class Document:
    """One TOML file as read, with the problems found in it so far."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.lines: dict[KeyPath, int] = {}
        self.root = Table(self.note, (), "", {})

    def note(self, path: KeyPath, label: str, found: str, expected: str) -> None:
        """Add a problem at `path`, or at the nearest table around it that the file holds."""
        while path and path not in self.lines:
            path = path[:-1]
        self.problems.append(Problem(self.file, self.lines.get(path), label, found, expected))

    def sorted_problems(self) -> list[Problem]:
        return sorted(self.problems, key=lambda problem: problem.line or 0)


def read_document(file: Path) -> Document:
    """Return the document; an unreadable file or invalid TOML is its only problem then."""
    document = Document(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        document.problems.append(Problem(file, None, "", error.strerror or str(error), "a readable TOML file"))
        return document
    try:
        text = content.decode("utf-8-sig")  # some editors on Windows put a byte order mark first
        values = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        document.problems.append(Problem(file, line, "", f"byte 0x{content[error.start]:02x}", "text in UTF-8"))
    except tomllib.TOMLDecodeError as error:
        document.problems.append(_syntax_problem(file, content, str(error)))
    else:
        document.lines = find_lines(text.replace("\r\n", "\n"))
        document.root = Table(document.note, (), "", values)
    return document


def _syntax_problem(file: Path, content: bytes, message: str) -> Problem:
    match = LINE_IN_TOML_ERROR.search(message)
    last_line = content.count(b"\n") + 1
    line = int(match.group(1) or last_line) if match else None
    return Problem(file, line, "", "text that is not TOML: " + LINE_IN_TOML_ERROR.sub("", message), "valid TOML 1.0")
