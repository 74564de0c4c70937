"""One way to print a listing: a table for people, --json and --csv for programs."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from enum import Enum

import typer

__all__ = ["Form", "choose_form", "format_facts", "print_listing"]

Cell = str | int | float | None

PIPED_WIDTH = 160  # characters, where no terminal says how wide it is
DIGITS = 6  # of a fraction in a table; programs get all


class Form(Enum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def choose_form(as_json: bool, as_csv: bool = False) -> Form:
    """Return the form asked for by the options --json and --csv."""
    if as_json and as_csv:
        raise typer.BadParameter("found both --json and --csv, expected one of them or neither")
    if as_json:
        return Form.JSON
    return Form.CSV if as_csv else Form.TABLE


def format_facts(facts: Mapping[str, int | str]) -> str:
    """Return names with values in one cell: `battery_mv=12600 free_heap=90112`."""
    return " ".join(f"{name}={value}" for name, value in sorted(facts.items()))


def print_listing(
    rows: Sequence[Mapping[str, Cell]],
    columns: Sequence[str],
    form: Form,
    empty: str,
    table_columns: Sequence[str] | None = None,
) -> None:
    """Print `columns` of the rows to standard output.

    People get `table_columns` of them where they are fewer, and read `empty` where there are no rows.
    """
    if form is Form.JSON:
        json.dump(
            [{column: row[column] for column in columns} for row in rows], sys.stdout, indent=1, ensure_ascii=False
        )
        sys.stdout.write("\n")
    elif form is Form.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row[column] for column in columns] for row in rows)
    elif rows:
        _print_table(rows, table_columns or columns)
    else:
        typer.echo(empty)


def _print_table(rows: Sequence[Mapping[str, Cell]], columns: Sequence[str]) -> None:
    # Imported here because programs that read JSON or CSV need not wait for it.
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        is_number = any(isinstance(row[column], (int, float)) for row in rows)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_shown(row[column]) for column in columns))
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    Console(width=width, markup=False, highlight=False).print(table)


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.{DIGITS}g}" if isinstance(cell, float) else _visible(str(cell))


def _visible(text: str) -> str:
    """Return the text without letters that would write to the terminal or turn others around: topics are strangers'."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
