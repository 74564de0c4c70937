"""`rivergauge observations`: print what a station measured, and what was derived from it."""

import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.observation_rows import COLUMNS, observation_rows
from gateway.times import format_utc
from rivergauge.archive import open_archive
from rivergauge.listing import choose_form, print_listing
from rivergauge.times import utc_ms

__all__ = ["observations"]

DAY_MS = 86_400_000
# What people read; programs get every column.
TABLE_COLUMNS = [
    "observed_at",
    "sensor",
    "variable",
    "value",
    "quality",
    "log_id",
    "record_no",
    "rating",
    "revision_no",
]


def observations(
    station: Annotated[str, typer.Option(help="The station's id in the basin file.")],
    begin_ms: Annotated[
        int | None,
        typer.Option("--from", parser=utc_ms, metavar="TIME", help="First time; a day before --to if not given."),
    ] = None,
    end_ms: Annotated[
        int | None, typer.Option("--to", parser=utc_ms, metavar="TIME", help="Time to end before; now if not given.")
    ] = None,
    config: Annotated[Path, typer.Option(help="The gateway's settings.")] = Path("gateway.toml"),
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with every column.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with every column.")] = False,
) -> None:
    """Print the observations of a station, each with the record it comes from.

    Example: rivergauge observations --station akdzhar --from 2018-08-30T00:00Z --to 2018-09-03T00:00Z --csv
    """
    form = choose_form(as_json, as_csv)
    archive = open_archive(config)
    name = archive.station(station).id
    to_ms = round(time.time() * 1000) if end_ms is None else end_ms
    from_ms = to_ms - DAY_MS if begin_ms is None else begin_ms
    if from_ms >= to_ms:
        found = f"found {format_utc(from_ms)} to {format_utc(to_ms)}"
        raise typer.BadParameter(f"{found}, expected --from before --to", param_hint="--from")
    rows = observation_rows(
        archive.reader.read_observations(name, from_ms, to_ms), archive.reader.read_revisions(name, from_ms, to_ms)
    )
    print_listing(
        rows,
        COLUMNS,
        form,
        table_columns=TABLE_COLUMNS,
        empty=f"{name} has no observations from {format_utc(from_ms)} to {format_utc(to_ms)}.",
    )
