"""`rivergauge backup` and `restore`: what a gateway knows, in one file."""

import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.backup import BackupError, make_backup, restore_backup
from gateway.settings import load_settings
from rivergauge.failures import told
from rivergauge.gateway_commands import DEFAULT_CONFIG, FAILED, ConfigOption

__all__ = ["backup", "restore"]

FileArgument = Annotated[Path, typer.Argument(help="The archive, such as gateway-2026-04-01.tar.gz.")]


def backup(file: FileArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Write journal, embedded stores and keys into one archive; the gateway may go on running.

    It holds the stations' keys: keep it where nobody else reads it.

    Example: rivergauge backup --config gateway.toml gateway-2026-04-01.tar.gz
    """
    try:
        names = make_backup(load_settings(config), file, time.time_ns() // 1_000_000)
    except (BackupError, OSError) as error:
        typer.echo(told(error), err=True)
        raise typer.Exit(FAILED) from None
    typer.echo(f"{file}: {len(names)} files, {file.stat().st_size} bytes")


def restore(file: FileArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Put the content of a backup where the settings want it; exit status 1 where something is there already.

    Records that were receipted after the backup are not in it: they are counted as lost after receipt when their
    station reports, unless a store that was not lost has them.

    Example: rivergauge restore --config gateway.toml gateway-2026-04-01.tar.gz
    """
    try:
        names = restore_backup(load_settings(config), file)
    except (BackupError, OSError) as error:
        typer.echo(told(error), err=True)
        raise typer.Exit(FAILED) from None
    typer.echo(f"{file}: {len(names)} files restored; `rivergauge check --config {config}`, then start the gateway")
