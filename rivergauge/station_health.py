"""`rivergauge station health`: what a station last said of itself."""

from typing import Annotated

import typer

from gateway.entries import Report
from gateway.journal import Journal
from gateway.times import format_utc
from protocol.messages import Event, decode_event
from rivergauge.gateway_commands import (
    DEFAULT_CONFIG,
    FAILED,
    ConfigOption,
    JsonOption,
    expect_station,
    open_journal,
)
from rivergauge.listing import Cell, choose_form, print_listing

__all__ = ["show_health"]

HEALTH, BLACK_BOX = "health", "black-box"
COLUMNS = ["name", "value"]


def show_health(
    station: Annotated[str, typer.Argument(help="The station's id in the basin file.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show a station's last report of health, which comes daily and after a reset, and the end of its black box.

    Exit status 1 where the station has told nothing yet. Example: rivergauge station health uchkurgan --json
    """
    journal = open_journal(config)
    told = _last(journal, station, HEALTH)
    if told is None:
        expect_station(config, station)
        typer.echo(f"{station}: no report of health yet; one comes with the first message after a start", err=True)
        raise typer.Exit(FAILED)
    report, event = told
    rows = [_row("received_at", format_utc(report.received_at_ms))]
    rows += [_row(name, value) for name, value in sorted(event.facts.items())]
    black_box = _last(journal, station, BLACK_BOX)
    if black_box is not None:
        rows.append(_row("black_box_received_at", format_utc(black_box[0].received_at_ms)))
        rows.append(_row("black_box", black_box[1].detail))
    print_listing(rows, COLUMNS, choose_form(as_json), "")


def _last(journal: Journal, station: str, name: str) -> tuple[Report, Event] | None:
    for report in reversed(journal.reports("event", station)):
        event = decode_event(report.payload)
        if event.name == name:
            return report, event
    return None


def _row(name: str, value: Cell) -> dict[str, Cell]:
    return {"name": name, "value": value}
