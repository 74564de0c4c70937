"""A report as tables on the terminal."""

from rich.console import Console
from rich.table import Table

from tests.benchmarks.report import Report, Row

__all__ = ["print_report"]


def print_report(console: Console, report: Report) -> None:
    console.print(f"[bold]{report.title}[/bold]")
    for note in report.notes:
        console.print(f"  {note}", markup=False, highlight=False)
    console.print(_rows(report.rows))
    console.print(_targets(report))


def _rows(rows: list[Row]) -> Table:
    more = list(dict.fromkeys(name for row in rows for name in row.more))
    table = Table("row")
    for heading in ("batch", "ns/value", "messages/s", "bytes/value", *map(_words, more)):
        table.add_column(heading, justify="right")
    first: dict[int, Row] = {}
    for row in rows:
        if row.batch not in first:
            table.add_section()
        reference = first.setdefault(row.batch, row)
        table.add_row(
            row.name, str(row.batch), _compared(row.ns_per_value, reference.ns_per_value),
            f"{row.messages_per_s:,.0f}", f"{row.bytes_per_value:.2f}",
            *(_compared(row.more.get(name), reference.more.get(name)) for name in more),
        )  # fmt: skip
    return table


def _targets(report: Report) -> Table:
    table = Table("target", "found", "to reach", "")
    for target in report.targets:
        bound = f"{'at least' if target.is_least else 'at most'} {target.limit:g}"
        verdict = "[green]met[/green]" if target.is_met else "[red]missed[/red]"
        table.add_row(target.what, _rounded(target.found), bound, verdict)
    return table


def _compared(figure: float | None, reference: float | None) -> str:
    if figure is None:
        return ""
    return f"{_rounded(figure)} ({figure / reference:.1f})" if reference else _rounded(figure)


def _words(name: str) -> str:
    return name.replace("_per_", "/").replace("_", " ")


def _rounded(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"
