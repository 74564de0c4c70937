"""Whatever a basin file holds, the answer is a basin or its problems, never another exception."""

import re
from pathlib import Path

import pytest

from rivergauge.basin import BasinError, load_basin

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
ODD_VALUES = ["", "-1", '""', "[]", "{}", "nan", "1979-05-27", '[1, "x"]', "[{}]", "99999999999999999999"]


def lines_of_one_station():
    """The basin and its first station, without comments and neighbours."""
    text = EXAMPLE.read_text()
    end = text.index("[[station]]", text.index("[[station]]") + 1)
    rows = [row for row in text[:end].splitlines() if row.strip() and not row.startswith(("#", "upstream"))]
    assert len(rows) > 60
    return rows


ROWS = lines_of_one_station()


def variants(position):
    """The file without one line, with it twice, and with its value replaced by odd ones."""
    before, row, after = ROWS[:position], ROWS[position], ROWS[position + 1 :]
    yield [*before, *after]
    yield [*before, row, row, *after]
    if key := re.match(r"[\w.]+\s*=", row):
        for value in ODD_VALUES:
            yield [*before, f"{key.group()} {value}", *after]
    else:
        yield [*before, row.replace("[[", "[").replace("]]", "]"), *after]
        yield [*before, "x.y = 1", *after]


def test_the_unchanged_lines_are_a_basin(tmp_path):
    (tmp_path / "basin.toml").write_text("\n".join(ROWS))
    assert len(load_basin(tmp_path / "basin.toml").stations) == 1


@pytest.mark.parametrize("position", range(len(ROWS)), ids=lambda position: f"{position}-{ROWS[position].split()[0]}")
def test_a_changed_line_gives_a_basin_or_problems_with_their_lines(tmp_path, position):
    file = tmp_path / "basin.toml"
    for variant in variants(position):
        file.write_text("\n".join(variant))
        try:
            load_basin(file)
        except BasinError as error:
            assert error.problems
            for problem in error.problems:
                # Only what is missing from the whole file has no line.
                assert problem.line is not None or (
                    problem.path in {"basin", "station"} and problem.found.startswith("no")
                )
                assert problem.line is None or 1 <= problem.line <= len(variant)


def test_a_file_that_begins_with_a_byte_order_mark_is_a_basin(tmp_path):
    (tmp_path / "basin.toml").write_text("\n".join(ROWS), "utf-8-sig")
    assert len(load_basin(tmp_path / "basin.toml").stations) == 1
