"""`rivergauge run`, `check` and `status`: the gateway on a server."""

import json
import logging
import signal
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.checking import check_gateway
from gateway.journal import Journal
from gateway.service import Service
from gateway.settings import load_settings
from gateway.status import read_status
from rivergauge.basin import load_basin
from rivergauge.listing import Form, choose_form, print_listing

__all__ = ["ConfigOption", "JsonOption", "check", "open_journal", "run", "status"]

ConfigOption = Annotated[Path, typer.Option("--config", help="The settings of the gateway.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

DEFAULT_CONFIG = Path("gateway.toml")
FAILED = 1

log = logging.getLogger(__name__)


def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the gateway until SIGTERM or Ctrl-C.

    Example: rivergauge run --config deploy/gateway.toml
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = load_settings(config)
    service = Service(settings, load_basin(settings.basin), now_ms=lambda: time.time_ns() // 1_000_000)
    is_over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_over.set())
    try:
        service.start()
    except (OSError, sqlite3.Error) as error:
        typer.echo(f"the gateway cannot start: {error}", err=True)
        raise typer.Exit(FAILED) from None
    log.info("gateway %s is running%s", settings.name, f", page at {service.web_url}" if service.web_url else "")
    is_over.wait()
    service.stop()
    log.info("gateway %s has ended", settings.name)


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
