"""The lines found for keys are those a person sees in the file."""

import tomllib
from pathlib import Path

import pytest

from rivergauge.basin.locator import find_lines

PROJECT = Path(__file__).resolve().parents[2]

CASES = {
    "a key": ("a = 1\nb = 2", {("a",): 1, ("b",): 2}),
    "comments and blank lines": ("# a = 0\n\na = 1 # b = 3\n", {("a",): 3}),
    "a table": ("[t]\na = 1", {("t",): 1, ("t", "a"): 2}),
    "dotted keys": ("[t.u]\na.b = 1", {("t", "u"): 1, ("t", "u", "a", "b"): 2}),
    "an array of tables": ("[[t]]\na = 1\n[[t]]\na = 2", {("t", 0, "a"): 2, ("t", 1): 3, ("t", 1, "a"): 4}),
    "a table in an array of tables": ("[[t]]\n[[t]]\n[t.u]\na = 1\n", {("t", 1, "u"): 3, ("t", 1, "u", "a"): 4}),
    "nested arrays of tables": (
        "[[t]]\n[[t.u]]\n[[t.u]]\na = 1\n[[t]]\n[[t.u]]\na = 2\n",
        {("t", 0, "u", 1, "a"): 4, ("t", 1, "u", 0, "a"): 7},
    ),
    "an array over several lines": ("a = [\n 1.5,\n # two\n 2,\n]\nb = 1", {("a", 0): 2, ("a", 1): 4, ("b",): 6}),
    "inline tables in an array": (
        'a = [{ b = 1, c = "x" },\n { b = 2 }]',
        {("a", 0, "c"): 1, ("a", 1, "b"): 2},
    ),
    "a multi-line string that looks like TOML": ('a = """\n[t]\nb = 1\n"""\nc = 2', {("a",): 1, ("c",): 5}),
    "a literal multi-line string": ("a = '''\nb = 1'''\nc = 2", {("c",): 3}),
    "quotes and brackets in strings": ('a = "]\\"#["\nb = \'}\' # "\nc = 1', {("b",): 2, ("c",): 3}),
    "quoted keys": ('"a.b" = 1\n\'c\' = 2\n"\\u0064" = 3', {("a.b",): 1, ("c",): 2, ("d",): 3}),
    "a time with a space": ("a = 2018-08-30 00:00:00Z\nb = 1", {("a",): 1, ("b",): 2}),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_each_key_is_found_on_its_line(text, expected):
    tomllib.loads(text)
    lines = find_lines(text)
    assert {path: lines.get(path) for path in expected} == expected


def paths_of(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths_of(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from paths_of(inner, (*path, position))


@pytest.mark.parametrize("name", ["deploy/basin.toml", "pyproject.toml"])
def test_every_value_of_a_real_file_has_a_line_that_names_its_key(name):
    text = (PROJECT / name).read_text()
    lines = find_lines(text)
    rows = text.splitlines()
    for path in paths_of(tomllib.loads(text)):
        if path and isinstance(path[-1], str):
            assert path[-1] in rows[lines[path] - 1]
