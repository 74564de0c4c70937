"""The command `rivergauge demo`."""

import json
import sys
import tempfile
from pathlib import Path

import typer
from rich.console import Console

from firmware.flash import FlashError, PlanError
from firmware.virtual.host import RiverError, StationFailed
from rivergauge.parts import PartMissing
from rivergauge.rig import RigError
from rivergauge.servers import ServerFailed
from rivergauge.times import parse_speed, utc_ms

from .plan import Plan, PlanRefused, plan_replay, plan_synthetic
from .run import run_demo
from .screen import Screen

__all__ = ["demo"]

FAILED, WRONG_USE = 1, 2
# The example of the checkout; an installed package has none, and runs the basin file of the folder it is called in.
EXAMPLE_BASIN = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
DEFAULT_BASIN = EXAMPLE_BASIN if EXAMPLE_BASIN.exists() else Path("basin.toml")
# Without a terminal nobody can press Ctrl-C, so the demo ends by itself.
SECONDS_WITHOUT_TERMINAL = 60.0


def demo(
    replay: Path | None = typer.Option(
        None, metavar="FILE.csv", help="The river every station replays: time, stage_m, or the USGS columns; .gz too."
    ),
    from_: int | None = typer.Option(
        None, "--from", parser=utc_ms, metavar="T", help="Begin of the replay: 2018-08-30T00:00Z."
    ),
    to: int | None = typer.Option(None, parser=utc_ms, metavar="T", help="End of the replay; not in it itself."),
    speed: str = typer.Option(
        "900", metavar="N|max", help="River seconds per second; max: as fast as the work allows."
    ),
    seconds: float | None = typer.Option(None, min=1, help="End after so many seconds."),
    basin: Path = typer.Option(DEFAULT_BASIN, metavar="FILE.toml", help="The basin to run."),
    folder: Path | None = typer.Option(None, help="A new folder for all it makes; a temporary one if not given."),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON and nothing else."),
) -> None:
    """Run a whole basin on this machine: virtual stations, broker, gateway and page.

    Ends with Ctrl-C, after --seconds or with the replayed period, and prints a summary. Exit status 1 when a record
    that was due is not stored exactly once.

    Example: rivergauge demo --replay flood.csv.gz --from 2018-08-30T00:00Z --to 2018-09-03T00:00Z --speed max
    """
    pace = parse_speed(speed)
    try:
        plan = _plan(basin, replay, from_, to)
    except (PlanRefused, RiverError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_USE) from None
    if seconds is None and replay is None and not sys.stdout.isatty():
        seconds = SECONDS_WITHOUT_TERMINAL
    screen = Screen(Console(quiet=as_json))
    place = _make(folder) if folder else Path(tempfile.mkdtemp(prefix="rivergauge-demo-"))
    try:
        summary = run_demo(plan, place, pace, seconds, screen)
    except (PartMissing, ServerFailed, RigError, FlashError, PlanError, StationFailed) as error:
        typer.echo(f"demo: {error}", err=True)
        raise typer.Exit(FAILED) from None
    if as_json:
        typer.echo(json.dumps(summary, indent=1, ensure_ascii=False))
    else:
        screen.summary(summary)
    if not summary["exact"]:
        raise typer.Exit(FAILED)


def _make(folder: Path) -> Path:
    """Return the folder, there and empty: a demo leaves files by names that those of a gateway have too."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise typer.BadParameter(
            f"found files in {folder}, expected a new folder or an empty one", param_hint="--folder"
        )
    return folder


def _plan(basin: Path, replay: Path | None, from_ms: int | None, to_ms: int | None) -> Plan:
    if replay is not None:
        return plan_replay(basin, replay, from_ms, to_ms)
    if from_ms is not None or to_ms is not None:
        raise PlanRefused("--from and --to belong to --replay FILE.csv; the synthetic river begins now")
    return plan_synthetic(basin)
