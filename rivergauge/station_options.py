"""What the subcommands of `rivergauge station` share: options, the station asked for, and failures told in one line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from firmware.flash import FlashError, KeyRefused, PlanError
from firmware.virtual.host import RiverError, StationFailed
from rivergauge.basin import Basin, load_basin
from rivergauge.parts import PartMissing
from rivergauge.rig import RigError
from rivergauge.servers import ServerFailed

__all__ = ["BasinOption", "JsonOption", "StationOption", "basin_with", "blamed", "parse_server"]

FAILED, WRONG_USE = 1, 2

BasinOption = Annotated[Path, typer.Option(help="The basin file that describes the station.")]
StationOption = Annotated[str, typer.Option("--station", help="The station's id in it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def basin_with(path: Path, station: str) -> Basin:
    """Return the basin of a file; a station that is not in it ends the command with exit status 2."""
    basin = load_basin(path)
    known = [each.id for each in basin.stations]
    if station not in known:
        raise typer.BadParameter(
            f"found {station!r}, expected one of {', '.join(known)} ({path})", param_hint="--station"
        )
    return basin


def parse_server(text: str, option: str) -> dict[str, str | int]:
    """Return host and port of HOST:PORT; a wrong one ends the command with exit status 2."""
    host, _, port = text.rpartition(":")
    if not host or not re.fullmatch(r"\d{1,5}", port) or not 0 < int(port) < 65536:
        raise typer.BadParameter(
            f"found {text!r}, expected HOST:PORT, such as gauges.example.org:1883", param_hint=option
        )
    return {"host": host, "port": int(port)}


@contextmanager
def blamed() -> Iterator[None]:
    """End the command with one line on what failed: exit status 2 for a river that cannot be used, else 1."""
    try:
        yield
    except RiverError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_USE) from None
    except (FlashError, KeyRefused, PlanError, PartMissing, RigError, ServerFailed, StationFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
