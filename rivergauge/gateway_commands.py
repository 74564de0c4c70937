"""`rivergauge check` and `status`: the gateway on a server, seen from outside."""

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit import Finding, Level, audit
from gateway.journal import Journal
from gateway.settings import load_settings
from gateway.status import read_status
from rivergauge.basin import Basin, ConfigurationError, load_basin
from rivergauge.failures import FAILED, refuse_another_user
from rivergauge.listing import Form, print_listing

__all__ = [
    "DEFAULT_CONFIG",
    "FAILED",
    "ConfigOption",
    "JsonOption",
    "check",
    "expect_station",
    "open_journal",
    "status",
]

ConfigOption = Annotated[Path, typer.Option("--config", help="The settings of the gateway.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

DEFAULT_CONFIG = Path("gateway.toml")


def check(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Audit keys, disk, journal, broker and stores, and say what to do; the gateway may be running or not.

    It writes one empty record of no basin into each store that is a server, and sends empty messages to nobody.
    Exit status 1 where there is a problem; a warning is none.

    Example: rivergauge check --config deploy/gateway.toml
    """
    settings = load_settings(config)
    findings: list[Finding] = []
    for each in audit(settings, load_basin(settings.basin), lambda: time.time_ns() // 1_000_000):
        findings.append(each)
        if not as_json:
            typer.echo(_told(each))
    found = Counter(each.level for each in findings)
    if as_json:
        rows = [
            {"checked": each.what, "result": each.level.value, "detail": each.detail, "advice": each.advice}
            for each in findings
        ]
        print_listing(rows, ["checked", "result", "detail", "advice"], Form.JSON, "")
    else:
        typer.echo(f"{len(findings)} checked: problems {found[Level.PROBLEM]}, warnings {found[Level.WARNING]}")
    if found[Level.PROBLEM]:
        raise typer.Exit(FAILED)


def _told(finding: Finding) -> str:
    line = f"{finding.level.value:<9}{finding.what}: {finding.detail}"
    return f"{line}\n{'':<9}-> {finding.advice}" if finding.advice else line


def status(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show what the gateway has received, stored and refused, and how far behind each store is.

    Example: rivergauge status --config deploy/gateway.toml --json
    """
    journal = open_journal(config)
    found = read_status(journal)
    _tell_mistakes(load_settings(config).basin)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    rows: list[Mapping[str, str | int]] = [{"name": name, "value": value} for name, value in found.items()]
    print_listing(rows, ["name", "value"], Form.TABLE, "nothing received yet")


def _tell_mistakes(basin_file: Path) -> None:
    try:
        load_basin(basin_file)
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        typer.echo("a gateway that runs goes on with the basin file as it was before these mistakes", err=True)


def expect_station(config: Path, station: str) -> Basin:
    """Return the basin, or end the command with exit status 2 where it has no such station."""
    basin = load_basin(load_settings(config).basin)
    known = [each.id for each in basin.stations]
    if station not in known:
        raise typer.BadParameter(f"found {station!r}, expected one of {', '.join(known)}", param_hint="STATION")
    return basin


def open_journal(config: Path) -> Journal:
    """Return the journal of a gateway that has run before, or end the command."""
    path = load_settings(config).journal
    if not path.exists():
        typer.echo(f"{path}: no journal yet; it is made by `rivergauge run --config {config}`", err=True)
        raise typer.Exit(FAILED)
    # The folder too: SQLite keeps a log beside the file.
    for each in (path, path.parent):
        refuse_another_user(each, os.R_OK | os.W_OK)
    journal = Journal(path)
    journal.open()
    return journal
