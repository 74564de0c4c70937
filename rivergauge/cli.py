"""The command `rivergauge`: names every subcommand and loads the one that is asked for.

Subcommands are imported only when they run, so that help comes at once and a part that is missing hurts only the
commands that need it.
"""

import importlib
import io
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.main import get_command

__all__ = ["app", "main"]

DONE, FAILED, WRONG_USE = 0, 1, 2  # exit statuses of every subcommand

# name, where it is (a function, or a typer.Typer with subcommands of its own), what it does
COMMANDS = [
    ("demo", "rivergauge.demo:demo", "Run a whole basin on this machine: virtual stations, broker, gateway and page."),
    ("run", "rivergauge.run:run", "Run the gateway."),
    ("check", "rivergauge.gateway_commands:check", "Check configuration, broker and store of a gateway."),
    ("status", "rivergauge.gateway_commands:status", "Show what the gateway has received, stored and refused."),
    ("alerts", "rivergauge.alerts:app", "Test, list, show and acknowledge what people are told of flags."),
    ("deadletters", "rivergauge.dead_letters:app", "List, show, replay or drop what could not be stored."),
    ("backup", "rivergauge.backup:backup", "Write what the gateway knows into one archive, while it runs."),
    ("restore", "rivergauge.backup:restore", "Put a backup where a gateway can go on from it."),
    ("observations", "rivergauge.observations:observations", "Print the observations of a station."),
    ("bulletin", "rivergauge.bulletins:app", "Issue bulletins, and list those issued."),
    ("basin", "rivergauge.basin_file:app", "Check a basin file."),
    ("broker", "rivergauge.broker.command:app", "Write settings, access rules and certificates for a broker."),
    ("station", "rivergauge.station:app", "Flash, simulate and verify stations."),
    ("decode", "rivergauge.decode:decode", "Explain a message field by field."),
]

# What follows the name belongs to the subcommand, its --help too.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

app = typer.Typer(
    name="rivergauge",
    epilog="Begin with `rivergauge demo`. Every command explains itself: `rivergauge observations --help`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; exit status 0 done, 1 the work failed, 2 wrong use."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that is not UTF-8 shows a question mark for a letter that it does not have.
        sys.stdout.reconfigure(errors="replace")
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(metadata.version("rivergauge"))
        raise typer.Exit(DONE)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """From the sensor at the river to the flag on the bulletin."""


def _register(name: str, target: str, summary: str) -> None:
    def run(context: typer.Context) -> None:
        _run(name, target, context.args)

    app.command(name, help=summary, context_settings=PASS_ON)(run)


def _run(name: str, target: str, arguments: list[str]) -> None:
    # Imported here for their weight, like every subcommand.
    import sqlite3

    from rivergauge.basin import ConfigurationError
    from rivergauge.failures import told

    command = _load(name, target)
    try:
        command.main(args=arguments, prog_name=f"rivergauge {name}")
    except ConfigurationError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(WRONG_USE) from None
    except OSError as error:
        if error.filename is None:  # no file that a user could do something about
            raise
        typer.echo(f"{told(error)}; `rivergauge {name}` could not go on", err=True)
        raise typer.Exit(FAILED) from None
    except sqlite3.Error as error:
        typer.echo(f"{error}; `rivergauge {name}` could not go on. `rivergauge check` looks at every file", err=True)
        raise typer.Exit(FAILED) from None


def _load(name: str, target: str) -> Any:
    module_name, _, attribute = target.partition(":")
    try:
        found: typer.Typer | Callable[..., object] = getattr(importlib.import_module(module_name), attribute)
    except ImportError as error:
        typer.echo(f"rivergauge {name}: {error}. Install it anew, in a checkout: `pip install .`.", err=True)
        raise typer.Exit(FAILED) from error
    if isinstance(found, typer.Typer):
        return get_command(found)
    single = typer.Typer(add_completion=False)
    single.command()(found)
    return get_command(single)


for _command in COMMANDS:
    _register(*_command)
