"""`rivergauge basin`: check a basin file."""

from pathlib import Path
from typing import Annotated

import typer

from rivergauge.basin import load_basin

__all__ = ["app"]

app = typer.Typer(help="Check a basin file.", no_args_is_help=True, add_completion=False)


@app.callback()
def _basin() -> None:
    """Check a basin file."""


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The basin file, such as deploy/basin.toml.")]) -> None:
    """Read the file and tell every mistake with its line; exit status 2 where there is one.

    Example: rivergauge basin check deploy/basin.toml
    """
    basin = load_basin(file)
    for station in basin.downstream_order():
        numbers = f"{len(station.sensors)} sensor(s), {len(station.thresholds)} threshold(s)"
        rating = f"rating {station.rating.identifier}" if station.rating else "no rating"
        typer.echo(f"{station.id}: {station.names[basin.languages[0]]}, {station.country}, {numbers}, {rating}")
    typer.echo(f"{file}: basin {basin.code} with {len(basin.stations)} station(s), no mistake found")
