"""`rivergauge check` and `status`: the gateway on a server, seen from outside."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.checking import check_gateway
from gateway.journal import Journal
from gateway.settings import load_settings
from gateway.status import read_status
from rivergauge.basin import load_basin
from rivergauge.listing import Form, choose_form, print_listing

__all__ = ["DEFAULT_CONFIG", "FAILED", "ConfigOption", "JsonOption", "check", "open_journal", "status"]

ConfigOption = Annotated[Path, typer.Option("--config", help="The settings of the gateway.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

DEFAULT_CONFIG = Path("gateway.toml")
FAILED = 1


def check(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Check settings, basin file, keys, and that broker and stores can be reached; exit status 1 where one fails.

    Example: rivergauge check --config deploy/gateway.toml
    """
    settings = load_settings(config)
    findings = check_gateway(settings, load_basin(settings.basin))
    rows = [
        {"checked": each.what, "result": "ok" if each.is_well else "FAILED", "detail": each.detail} for each in findings
    ]
    print_listing(rows, ["checked", "result", "detail"], choose_form(as_json), "nothing to check")
    if not all(each.is_well for each in findings):
        raise typer.Exit(FAILED)


def status(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show what the gateway has received, stored and refused, and how far behind each store is.

    Example: rivergauge status --config deploy/gateway.toml --json
    """
    journal = open_journal(config)
    found = read_status(journal)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    rows: list[Mapping[str, str | int]] = [{"name": name, "value": value} for name, value in found.items()]
    print_listing(rows, ["name", "value"], Form.TABLE, "nothing received yet")


def open_journal(config: Path) -> Journal:
    """Return the journal of a gateway that has run before, or end the command."""
    path = load_settings(config).journal
    if not path.exists():
        typer.echo(f"{path}: no journal yet; it is made by `rivergauge run --config {config}`", err=True)
        raise typer.Exit(FAILED)
    journal = Journal(path)
    journal.open()
    return journal
