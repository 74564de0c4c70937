"""`rivergauge station events`: what stations tell of themselves beside their records."""

from typing import Annotated

import typer

from gateway.entries import Report
from gateway.times import format_utc
from protocol.messages import decode_event
from rivergauge.gateway_commands import DEFAULT_CONFIG, ConfigOption, JsonOption, expect_station, open_journal
from rivergauge.listing import Cell, choose_form, format_facts, print_listing

__all__ = ["list_events"]

COLUMNS = ["station", "happened_at", "received_at", "name", "detail", "facts", "boot_no", "message_no"]
SHOWN = ["station", "happened_at", "name", "detail", "facts"]


def list_events(
    station: Annotated[str | None, typer.Argument(help="One station only.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List the events that stations told, the oldest first: batches refused, a configuration kept or reverted.

    Example: rivergauge station events uchkurgan
    """
    rows = [_row(report) for report in open_journal(config).reports("event", station)]
    if station is not None and not rows:
        expect_station(config, station)
    print_listing(rows, COLUMNS, choose_form(as_json), "no events told", SHOWN)


def _row(report: Report) -> dict[str, Cell]:
    event = decode_event(report.payload)
    return {
        "station": report.station,
        # None where the station's clock was not set.
        "happened_at": None if event.happened_at_ms is None else format_utc(event.happened_at_ms),
        "received_at": format_utc(report.received_at_ms),
        "name": event.name,
        "detail": event.detail,
        "facts": format_facts(event.facts),
        "boot_no": report.boot_no,
        "message_no": report.message_no,
    }
