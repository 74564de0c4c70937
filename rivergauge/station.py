"""`rivergauge station`: flash a station, verify what is on its board, simulate one."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from firmware.flash import (
    BoardConnection,
    Console,
    FlashError,
    ImagePlan,
    PlanError,
    Verification,
    compile_firmware,
    make_key,
    plan_image,
    read_key,
    verify,
    write_image,
)
from rivergauge.basin import Basin, station_configuration
from rivergauge.commission import await_first_record, monitor
from rivergauge.new_station import new
from rivergauge.simulate import simulate
from rivergauge.station_access import StationAccess, station_access
from rivergauge.station_commands import give_command, list_commands
from rivergauge.station_events import list_events
from rivergauge.station_health import show_health
from rivergauge.station_options import BasinOption, JsonOption, StationOption, basin_with, blamed, parse_server

__all__ = ["app"]

FAILED = 1

PortOption = Annotated[str, typer.Option(help="The board's serial port, such as /dev/ttyUSB0.")]
BrokerOption = Annotated[str, typer.Option(metavar="HOST:PORT", help="The broker as the station reaches it.")]
TimeServerOption = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="A time server (SNTP); the board's own clock if none.")
]
KeysOption = Annotated[Path, typer.Option(help="The gateway's folder of keys.")]
BrokerFolderOption = Annotated[
    Path | None, typer.Option(help="What `rivergauge broker config` wrote: the station speaks TLS.")
]
UsernameOption = Annotated[
    str | None, typer.Option(help="The station's name at the broker, where it has no certificate.")
]
PasswordFileOption = Annotated[Path | None, typer.Option(help="Holds the password that goes with it.")]
WifiFileOption = Annotated[
    Path | None, typer.Option(metavar="FILE.json", help='Wi-Fi: {"ssid": ..., "password": ...}.')
]
_Servers = tuple[dict[str, str | int], dict[str, str | int] | None]  # broker, time server
app = typer.Typer(help="Flash, verify and simulate stations.", no_args_is_help=True, add_completion=False)
app.command()(simulate)
app.command()(new)
app.command()(monitor)
app.command("command")(give_command)
app.command("commands")(list_commands)
app.command("health")(show_health)
app.command("events")(list_events)


@app.command()
def flash(
    station: StationOption,
    port: PortOption,
    broker: BrokerOption,
    basin: BasinOption = Path("basin.toml"),
    keys: KeysOption = Path("keys"),
    time_server: TimeServerOption = None,
    broker_folder: BrokerFolderOption = None,
    username: UsernameOption = None,
    password_file: PasswordFileOption = None,
    wifi_file: WifiFileOption = None,
    board: Annotated[str | None, typer.Option(help="Refuse any other kind of board: esp32, rp2, virtual.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would be written, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write firmware, configuration and key to a board that runs MicroPython, verify every file there, and restart it.

    Only what differs is written. A station without a key gets one, in the gateway's folder of keys and on the board.

    Example: rivergauge station flash --station uchkurgan --port /dev/ttyUSB0 --broker gauges.example.org:1883
    """
    described = basin_with(basin, station)
    servers = _servers(broker, time_server)
    with blamed():
        access = station_access(station, broker_folder, username, password_file, wifi_file)
    if not as_json:
        typer.echo(f"{port}: asking the board what it holds")
    with blamed(), BoardConnection(port) as connection:
        kind = _kind(connection, port, board)
        plan = _plan(described, station, servers, access, keys, kind, may_make_key=not dry_run)
        if dry_run:
            _print_verification(verify(connection, plan), plan, as_json)
            return
        result = write_image(connection, plan, lambda path: None if as_json else typer.echo(f"writing {path}"))
        found = verify(connection, plan)
        if found.is_good:
            connection.reset()
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(result), **dataclasses.asdict(found), "good": found.is_good}))
    else:
        typer.echo(
            f"{station}: {len(result.written)} files written, {len(result.unchanged)} already there,"
            f" {len(result.removed)} removed; {len(found.verified)} of {len(plan.files)} verified on the board"
        )
    if not found.is_good:
        raise typer.Exit(FAILED)


@app.command()
def commission(
    station: StationOption,
    port: PortOption,
    broker: BrokerOption,
    basin: BasinOption = Path("basin.toml"),
    keys: KeysOption = Path("keys"),
    time_server: TimeServerOption = None,
    broker_folder: BrokerFolderOption = None,
    username: UsernameOption = None,
    password_file: PasswordFileOption = None,
    wifi_file: WifiFileOption = None,
) -> None:
    """Flash a station and listen to it until its first record was measured, sent and receipted by the gateway.

    Exit status 1 when that does not happen within two intervals of sending; what the station said tells why.

    Example: rivergauge station commission --station uchkurgan --port /dev/ttyUSB0
    --broker gauges.example.org:8883 --broker-folder broker
    """
    flash(station, port, broker, basin, keys, time_server, broker_folder, username, password_file, wifi_file, None)
    with blamed(), Console(port) as console:
        record_no = await_first_record(console, basin_with(basin, station).station(station).sampling)
    if record_no is None:
        typer.echo(
            f"{station}: no record was receipted; what it said above tells how far it came. If it has sent some,"
            " `rivergauge check` on the server says whether the gateway has the station's key",
            err=True,
        )
        raise typer.Exit(FAILED)
    typer.echo(f"{station}: record {record_no} was measured, sent, and receipted by the gateway")


@app.command("verify")
def verify_board(
    station: StationOption,
    port: PortOption,
    broker: BrokerOption,
    basin: BasinOption = Path("basin.toml"),
    keys: KeysOption = Path("keys"),
    time_server: TimeServerOption = None,
    broker_folder: BrokerFolderOption = None,
    username: UsernameOption = None,
    password_file: PasswordFileOption = None,
    wifi_file: WifiFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare every file on a board with what belongs there, by hashes computed on the board; exit 1 when one differs.

    The board's application is stopped for it and started again.

    Example: rivergauge station verify --station uchkurgan --port /dev/ttyUSB0 --broker gauges.example.org:1883
    """
    described = basin_with(basin, station)
    servers = _servers(broker, time_server)
    with blamed():
        access = station_access(station, broker_folder, username, password_file, wifi_file)
    if not as_json:
        typer.echo(f"{port}: asking the board what it holds")
    with blamed(), BoardConnection(port) as connection:
        plan = _plan(described, station, servers, access, keys, connection.board(), may_make_key=False)
        found = verify(connection, plan)
        connection.reset()
    _print_verification(found, plan, as_json)
    if not found.is_good:
        raise typer.Exit(FAILED)


def _plan(
    basin: Basin,
    station: str,
    servers: _Servers,
    access: StationAccess,
    keys: Path,
    board: str,
    may_make_key: bool,
) -> ImagePlan:
    """Return the image of a station; without a key it gets one, or PlanError where it may not."""
    key_id = basin.station(station).key_id
    key = read_key(keys, basin.code, station, key_id)
    if key is None and may_make_key:
        key = make_key(keys, basin.code, station, key_id)
        typer.echo(f"{keys}: {station} has a new key {key_id} there; the gateway needs it in its own folder", err=True)
    if key is None:
        raise PlanError(f"{station} has no key {key_id} in {keys}; `rivergauge station flash` makes one")
    broker, time_server = servers
    configuration = station_configuration(basin, station, {**broker, **access.broker}, time_server)
    return plan_image(compile_firmware(board), configuration, key, access.files)


def _kind(connection: BoardConnection, port: str, expected: str | None) -> str:
    board = connection.board()
    if expected not in (None, board):
        raise FlashError(f"{port}: found a board of the kind {board}, expected {expected}; nothing was written")
    return board


def _servers(broker: str, time_server: str | None) -> _Servers:
    return (
        parse_server(broker, "--broker"),
        None if time_server is None else parse_server(time_server, "--time-server"),
    )


def _print_verification(found: Verification, plan: ImagePlan, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(found), "good": found.is_good}))
        return
    for state in ("missing", "different", "extra"):
        for path in getattr(found, state):
            typer.echo(f"{state:9} {path}")
    typer.echo(
        f"{len(found.verified)} of {len(plan.files)} files ({plan.size_bytes} bytes) are on the board as planned"
    )
