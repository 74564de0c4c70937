"""Read a table of a TOML file key by key, noting every mistake instead of stopping at the first.

The law this file keeps: a `take_*` method always returns a value of the right type. Where the file has none, the
mistake is noted and a stand-in is returned, so that reading goes on; `Table.is_sound` is true while every key of that
one table was as expected.
"""

import difflib
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from protocol.topics import is_id

from .locator import KeyPath

__all__ = ["NoteProblem", "Table", "refuse_repeated"]

# Is told where a mistake is (as a path and as a person finds it), what was found and what was expected.
NoteProblem = Callable[[KeyPath, str, str, str], None]


class Table:
    """One table of a document; `label` is how a person finds it, such as `station[akdzhar].sensor[1]`."""

    def __init__(
        self, note: NoteProblem, path: KeyPath, label: str, values: dict[str, Any], is_stand_in: bool = False
    ) -> None:
        self._note = note
        self._path = path
        self._label = label
        self._values = values
        self._is_stand_in = is_stand_in
        self._taken: set[str] = set()
        self.is_sound = not is_stand_in

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def keys(self) -> list[str]:
        return list(self._values)

    def note(self, key: str, found: str, expected: str) -> None:
        """Add a problem at `key` of this table, or at the table itself where `key` is empty."""
        self.is_sound = False
        if self._is_stand_in:
            return  # that the table is missing was said already
        self._note((*self._path, key) if key else self._path, self._label_of(key), found, expected)

    def take_text(self, key: str, expected: str, pattern: str = r".*\S.*") -> str:
        value = self._take(key)
        if isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL):
            return value
        self._note_wrong(key, value, expected)
        return ""

    def take_id(self, key: str) -> str:
        """Return a name that fits into a topic."""
        expected = "1 to 32 of a-z, 0-9 and -, beginning with a letter or digit"
        value = self._take(key)
        if isinstance(value, str) and is_id(value):
            return value
        self._note_wrong(key, value, expected)
        return ""

    def take_choice(self, key: str, choices: list[str]) -> str:
        expected = "one of " + ", ".join(choices)
        value = self._take(key)
        if value in choices:
            return str(value)
        near = difflib.get_close_matches(str(value), choices, n=1)
        self._note_wrong(key, value, expected + (f" (perhaps {near[0]}?)" if near else ""))
        return ""

    def take_number(self, key: str, lowest: float, highest: float, unit: str) -> float:
        """Return a number of `unit` in [lowest, highest]; the stand-in is NaN."""
        expected = f"a number from {lowest:g} to {highest:g} {unit}".rstrip()
        value = self._take(key)
        if _is_number(value) and lowest <= value <= highest:
            return float(value)
        self._note_wrong(key, value, expected)
        return math.nan

    def take_integer(self, key: str, lowest: int, highest: int, unit: str = "") -> int:
        """Return a whole number of `unit` in [lowest, highest]; the stand-in is `lowest`."""
        expected = f"a whole number from {lowest} to {highest} {unit}".rstrip()
        value = self._take(key)
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        self._note_wrong(key, value, expected)
        return lowest

    def take_boolean(self, key: str) -> bool:
        """Return true or false; the stand-in is false."""
        value = self._take(key)
        if isinstance(value, bool):
            return value
        self._note_wrong(key, value, "true or false")
        return False

    def take_time(self, key: str) -> datetime:
        """Return an aware UTC time; the stand-in is the year 1."""
        expected = "a time with its zone, such as 2018-08-30T00:00:00Z"
        value = self._take(key)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        self._note_wrong(key, value, expected)
        return datetime.min.replace(tzinfo=UTC)

    def take_numbers(self, key: str, expected: str) -> list[float]:
        value = self._take(key)
        if isinstance(value, list) and value and all(_is_number(number) for number in value):
            return [float(number) for number in value]
        self._note_wrong(key, value, expected)
        return []

    def take_texts(self, key: str, expected: str, pattern: str, may_be_empty: bool = False) -> list[str]:
        value = self._take(key)
        is_list_of_texts = isinstance(value, list) and all(isinstance(text, str) for text in value)
        if is_list_of_texts and (value or may_be_empty) and all(re.fullmatch(pattern, text) for text in value):
            return list(value)
        self._note_wrong(key, value, expected)
        return []

    def take_table(self, key: str, expected: str) -> "Table":
        value = self._take(key)
        if isinstance(value, dict):
            return Table(self._note, (*self._path, key), self._label_of(key), value)
        self._note_wrong(key, value, expected)
        return Table(self._note, (*self._path, key), self._label_of(key), {}, is_stand_in=True)

    def take_tables(self, key: str, named_by: str, expected: str) -> list["Table"]:
        """Return the tables of an array, empty when the key is absent; `named_by` is the key that labels each."""
        self._taken.add(key)
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
            self._note_wrong(key, value, expected)
            return []
        return [
            Table(
                self._note,
                (*self._path, key, position),
                f"{self._label_of(key)}[{element.get(named_by, position + 1)}]",
                element,
            )
            for position, element in enumerate(value)
        ]

    def refuse_unknown(self) -> None:
        """Note every key that was never taken; call it after the last `take_*`."""
        for key in [key for key in self._values if key not in self._taken]:
            known = sorted(self._taken)
            near = difflib.get_close_matches(key, known, n=1)
            expected = f"{near[0]} (perhaps a slip?)" if near else "one of " + ", ".join(known)
            self.note(key, f"unknown key {key}", expected)

    def _label_of(self, key: str) -> str:
        return f"{self._label}.{key}" if self._label and key else self._label or key

    def _take(self, key: str) -> Any:
        self._taken.add(key)
        return self._values.get(key, _ABSENT)

    def _note_wrong(self, key: str, value: Any, expected: str) -> None:
        self.note(key, "nothing" if value is _ABSENT else _shown(value), expected)


def refuse_repeated(tables: list[Table], key: str, values: Sequence[object]) -> None:
    """Note every value that an earlier table of the array has too."""
    seen = set()
    for table, value in zip(tables, values, strict=True):
        if not table.is_sound:
            continue  # its value may be a stand-in
        if value in seen:
            table.note(key, f"{value} a second time", "one that no other has")
        seen.add(value)


_ABSENT = object()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return str(value)
