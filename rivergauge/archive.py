"""What a gateway has stored, opened for reading by the command line."""

import os
from dataclasses import dataclass
from pathlib import Path

import typer

from gateway.settings import Settings, load_settings
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.store import Reader
from rivergauge.basin import Basin, Station, load_basin
from rivergauge.failures import refuse_another_user

__all__ = ["Archive", "open_archive"]


@dataclass(frozen=True)
class Archive:
    settings: Settings
    basin: Basin
    reader: Reader

    def station(self, station_id: str) -> Station:
        """Return the station; an unknown one ends the command with exit status 2."""
        try:
            return self.basin.station(station_id)
        except KeyError:
            known = ", ".join(station.id for station in self.basin.stations)
            raise typer.BadParameter(f"found {station_id!r}, expected one of {known}", param_hint="--station") from None


def open_archive(config: Path) -> Archive:
    """Open the embedded store of the gateway, whether the gateway runs or not.

    Raises ConfigurationError for a wrong gateway.toml or basin.toml; ends the command with exit status 1 where there is
    no store to read yet.
    """
    settings = load_settings(config)
    basin = load_basin(settings.basin)
    embedded = settings.embedded
    if embedded is None:
        typer.echo(f'{config}: found no [[store]] with kind = "embedded", expected one to read from', err=True)
        raise typer.Exit(2)
    if not embedded.path.exists():
        typer.echo(
            f"{embedded.path}: found no store, expected one written by `rivergauge run --config {config}`", err=True
        )
        raise typer.Exit(1)
    refuse_another_user(embedded.path, os.R_OK)
    return Archive(settings, basin, EmbeddedStore(embedded.path))
