"""`rivergauge broker`: what a Mosquitto for a basin needs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from protocol.topics import is_id
from rivergauge.basin import load_basin
from rivergauge.failures import told

from .certificates import is_host
from .folder import BrokerFolder, write_broker_folder
from .mosquitto import Listener

__all__ = ["app"]

FAILED = 1
PORT_LIMIT = 65_535
# As Debian's package has it.
STATE_FOLDER = "/var/lib/mosquitto"

app = typer.Typer(help="Settings, access rules and certificates for a broker.", add_completion=False)


@app.callback()
def _broker() -> None:
    """Settings, access rules and certificates for a broker."""


@app.command()
def config(
    out: Annotated[Path, typer.Option(help="The folder to write; keys that are in it are kept.")],
    basin: Annotated[Path, typer.Option(help="The basin file.")] = Path("basin.toml"),
    host: Annotated[
        list[str] | None,
        typer.Option(help="A name or address that clients reach the broker by; may be repeated; this machine if none."),
    ] = None,
    gateway: Annotated[
        list[str] | None, typer.Option(help="The name of a gateway in its gateway.toml; may be repeated.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=PORT_LIMIT, help="The port for TLS.")] = 8883,
    plain_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=PORT_LIMIT, help="Also listen without TLS, for stations that cannot do it, in a closed network."
        ),
    ] = None,
    installed_as: Annotated[
        str | None, typer.Option(help="The folder's path where the broker runs, if it is copied there.")
    ] = None,
    state_folder: Annotated[
        str, typer.Option(help="Where the broker keeps sessions; it must be able to write there.")
    ] = STATE_FOLDER,
) -> None:
    """Write mosquitto.conf, the access rules and certificates: authority, server, gateways, flags and every station.

    Run it again after a change of the basin file: what serves is kept, what is missing is added.

    Example: rivergauge broker config --basin deploy/basin.toml --out broker --host gauges.example.org
    """
    gateways = tuple(gateway or ["gateway-1"])
    for name in gateways:
        if not is_id(name):
            raise typer.BadParameter(f"found {name!r}, expected a-z, 0-9 and -", param_hint="--gateway")
    for name in host or []:
        if not is_host(name):
            raise typer.BadParameter(
                f"found {name!r}, expected a name or an address without a port, such as gauges.example.org",
                param_hint="--host",
            )
    described = load_basin(basin)
    listeners = [Listener(port, is_tls=True)]
    if plain_port is not None:
        listeners.append(Listener(plain_port, is_tls=False))
    folder = BrokerFolder(
        path=out,
        hosts=tuple(host or ["localhost", "127.0.0.1"]),
        gateways=gateways,
        listeners=tuple(listeners),
        installed_as=(installed_as or str(out.absolute())).rstrip("/"),
        state_folder=state_folder,
    )
    try:
        given = write_broker_folder(described, folder, datetime.now(UTC))
    except (OSError, ValueError) as error:
        typer.echo(told(error), err=True)
        raise typer.Exit(FAILED) from None
    typer.echo(f"{out}: mosquitto.conf and acl written; certificates given: {', '.join(given) or 'none, all serve'}")
    typer.echo(f"Keep {out / 'ca.key'} away from the network: whoever has it can give certificates.")
