"""Read names: one for each language."""

import re

from .table import Table

__all__ = ["LANGUAGE_PATTERN", "read_names"]

LANGUAGE_PATTERN = r"[a-z]{2}"


def read_names(table: Table, key: str, languages: list[str]) -> dict[str, str]:
    """Read a name in each of the basin's languages, and in others where the file has them."""
    names = table.take_table(key, 'a name for each language, such as { en = "Naryn", ru = "Нарын" }')
    if not names.is_sound:
        return {}
    for language in names.keys:
        if not re.fullmatch(LANGUAGE_PATTERN, language):
            names.note(language, f"unknown key {language}", "a language code of two letters, such as en")
    wanted = dict.fromkeys([*languages, *names.keys])
    return {language: names.take_text(language, "a text in this language") for language in wanted}
