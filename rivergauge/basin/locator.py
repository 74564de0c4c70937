"""Find the line on which each key of a TOML document stands.

`tomllib` gives no positions at all, and `tomlkit` keeps white space and comments but no line numbers, so a valid
document is walked a second time here, for its lines only.
"""

import re
from collections.abc import Iterator

__all__ = ["KeyPath", "find_lines"]

# ("station", 0, "threshold", 1, "raise_value"): numbers count the elements of an array from 0.
KeyPath = tuple[str | int, ...]

TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'|\#[^\n]*|\n|[\[\]{}=,.]|[^\s\[\]{}=,.#"']+''',
    re.DOTALL,
)
SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\"}


def find_lines(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every table, key and array element of `text`, which `tomllib` has accepted."""
    return _Walk(text).lines


class _Walk:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._tokens = list(_tokens(text))
        self._at = 0
        self._array_lengths: dict[KeyPath, int] = {}
        self._document()

    def _document(self) -> None:
        table: KeyPath = ()
        while self._at < len(self._tokens):
            token, line = self._tokens[self._at]
            if token == "\n":
                self._at += 1
            elif token == "[":
                table = self._header(line)
            else:
                self._pair(table)

    def _header(self, line: int) -> KeyPath:
        """Read `[a.b]` or `[[a.b]]`; names before the last mean the newest element of an array of tables."""
        depth = 0
        while self._peek() == "[":
            self._at += 1
            depth += 1
        names = self._key()
        self._at += depth
        path: KeyPath = ()
        for position, name in enumerate(names):
            path = (*path, name)
            self.lines.setdefault(path, line)
            is_new_element = depth == 2 and position == len(names) - 1
            if is_new_element:
                self._array_lengths[path] = self._array_lengths.get(path, 0) + 1
            if path in self._array_lengths:
                path = (*path, self._array_lengths[path] - 1)
        self.lines.setdefault(path, line)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._tokens[self._at][1]
        path = table
        for name in self._key():
            path = (*path, name)
            self.lines.setdefault(path, line)
        self._at += 1  # the "="
        self._value(path)

    def _key(self) -> list[str]:
        names = [_unquoted(self._take())]
        while self._peek() == ".":
            self._at += 1
            names.append(_unquoted(self._take()))
        return names

    def _value(self, path: KeyPath) -> None:
        if self._peek() == "[":
            self._array(path)
        elif self._peek() == "{":
            self._inline_table(path)
        else:
            # A bare value such as 1.5 or 2018-08-30 00:00Z is several tokens here.
            while self._peek() not in {"\n", ",", "]", "}", ""}:
                self._at += 1

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._peek() != "]":
            if self._peek() in {"\n", ","}:
                self._at += 1
                continue
            element = (*path, index)
            self.lines[element] = self._tokens[self._at][1]
            self._value(element)
            index += 1
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._peek() != "}":
            if self._peek() in {"\n", ","}:
                self._at += 1
            else:
                self._pair(path)
        self._at += 1

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][0]


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line = 1
    seen = 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        if not match.group().startswith("#"):
            yield match.group(), line


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if key.startswith('"'):
        return re.sub(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", _unescape, key[1:-1])
    return key


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    return chr(int(code[1:], 16)) if code[0] in "uU" else SIMPLE_ESCAPES[code]
