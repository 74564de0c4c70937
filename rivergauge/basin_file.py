"""`rivergauge basin`: check a basin file."""

from pathlib import Path
from typing import Annotated

import typer

from rivergauge.basin import load_basin
from rivergauge.listing import choose_form, print_listing

__all__ = ["app"]

app = typer.Typer(help="Check a basin file.", no_args_is_help=True, add_completion=False)


@app.callback()
def _basin() -> None:
    """Check a basin file."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The basin file, such as deploy/basin.toml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the stations as JSON, for programs.")] = False,
) -> None:
    """Read the file and tell every mistake with its line; exit status 2 where there is one.

    Example: rivergauge basin check deploy/basin.toml
    """
    basin = load_basin(file)
    rows = [
        {
            "station": station.id,
            "name": station.names[basin.languages[0]],
            "country": station.country,
            "sensors": len(station.sensors),
            "thresholds": len(station.thresholds),
            "rating": station.rating.identifier if station.rating else None,
        }
        for station in basin.downstream_order()
    ]
    print_listing(rows, list(rows[0]), choose_form(as_json), "")
    if not as_json:
        typer.echo(f"{file}: basin {basin.code} with {len(basin.stations)} station(s), no mistake found")
