"""`rivergauge station command` and `commands`: what a station is told to do, and what became of it."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.commanding.entries import GivenCommand, Told
from gateway.settings import load_settings
from gateway.times import format_utc
from rivergauge.command_words import NAMES, parse_command
from rivergauge.gateway_commands import DEFAULT_CONFIG, ConfigOption, JsonOption, expect_station, open_journal
from rivergauge.listing import Cell, choose_form, format_facts, print_listing
from rivergauge.times import parse_duration_ms

__all__ = ["give_command", "list_commands"]

COLUMNS = [
    "command_no", "station", "name", "arguments", "given_at", "expires_at", "sent_at", "state", "detail", "facts",
    "replied_at",
]  # fmt: skip
SHOWN = ["command_no", "station", "name", "arguments", "expires_at", "state", "detail", "facts"]


def give_command(
    station: Annotated[str, typer.Argument(help="The station's id in the basin file.")],
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    words: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="What it needs.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    expires_in: Annotated[str, typer.Option(help="The station drops it after this: 90s, 15m, 6h, 1d.")] = "1d",
    as_json: JsonOption = False,
) -> None:
    """Give a command to a station; the running gateway seals and sends it, and the broker keeps it until it is awake.

    Example: rivergauge station command uchkurgan set-interval record_every_s=300 send_every_s=900
    """
    parts = parse_command(expect_station(config, station), station, name, words or [])
    now_ms = time.time_ns() // 1_000_000
    expires_at_ms = now_ms + parse_duration_ms(expires_in)
    with open_journal(config).transaction() as transaction:
        numbers = [
            transaction.commands.give(GivenCommand(station, name, part, now_ms, expires_at_ms)) for part in parts
        ]
    if as_json:
        typer.echo(json.dumps({"command_nos": numbers}))
    else:
        said = ", ".join(map(str, numbers))
        typer.echo(f"command {said} to {station}: {name}; `rivergauge station commands` says what becomes of it")


def list_commands(
    station: Annotated[str | None, typer.Argument(help="One station only.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List the commands given, the oldest first: waiting, sent, received, carried out, refused or expired.

    Example: rivergauge station commands --json
    """
    told = open_journal(config).commands.told(_gateway(config), station)
    if station is not None and not told:
        expect_station(config, station)
    now_ms = time.time_ns() // 1_000_000
    print_listing([_row(each, now_ms) for each in told], COLUMNS, choose_form(as_json), "no commands given", SHOWN)


def _gateway(config: Path) -> str:
    return load_settings(config).name


def _row(told: Told, now_ms: int) -> dict[str, Cell]:
    command, reply = told.command, told.reply
    return {
        "command_no": command.command_no,
        "station": command.station,
        "name": command.name,
        # A text of its own is long, and in the basin file.
        "arguments": format_facts({key: value for key, value in command.arguments.items() if key != "text"}),
        "given_at": format_utc(command.given_at_ms),
        "expires_at": format_utc(command.expires_at_ms),
        "sent_at": None if command.sent_at_ms is None else format_utc(command.sent_at_ms),
        "state": told.state(now_ms),
        "detail": None if reply is None else reply.detail,
        "facts": None if reply is None else format_facts(reply.facts),
        "replied_at": None if told.replied_at_ms is None else format_utc(told.replied_at_ms),
    }
