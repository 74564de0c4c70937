"""`rivergauge station simulate`: one station's real firmware on this machine, and the account of its records."""

import dataclasses
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from firmware.virtual.host import count_records, read_river, synthetic_flood
from rivergauge.rig import Rig
from rivergauge.simulated_faults import FAULTS, plan_faults
from rivergauge.station_options import BasinOption, JsonOption, StationOption, basin_with, blamed
from rivergauge.times import parse_speed, utc_ms

__all__ = ["simulate"]

FAILED = 1
DAY_MS = 86_400_000
LONGEST_DAYS = 3660  # ten years


def simulate(
    station: StationOption,
    basin: BasinOption = Path("basin.toml"),
    river: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="The river; a synthetic flood if none.")
    ] = None,
    from_ms: Annotated[int | None, typer.Option("--from", parser=utc_ms, metavar="TIME", help="Begin.")] = None,
    days: Annotated[float, typer.Option(min=0.01, max=LONGEST_DAYS, help="For how long, in days of the river.")] = 1.0,
    faults: Annotated[
        str, typer.Option(metavar="none|all|NAME,...", help=f"What fails, in turn and together: {', '.join(FAULTS)}.")
    ] = "none",
    speed: Annotated[str, typer.Option(metavar="N|max", help="River seconds per second.")] = "max",
    as_json: JsonOption = False,
) -> None:
    """Run the real firmware of one station on this machine, with a broker and a gateway, and account for every record.

    Exit status 1 when a record that was due is not stored exactly once.

    Example: rivergauge station simulate --station uchkurgan --days 7 --faults all
    """
    failing = _parse_faults(faults)
    described = basin_with(basin, station)
    only = dataclasses.replace(described, stations=(described.station(station),))
    with blamed(), tempfile.TemporaryDirectory(prefix="rivergauge-simulate-") as folder:
        flowing = read_river(river) if river else synthetic_flood(from_ms or time.time_ns() // 1_000_000)
        start_ms = flowing.first_ms if from_ms is None else from_ms
        with Rig(Path(folder), only, {station: flowing}, start_ms, parse_speed(speed)) as rig:
            rig.flash()
            last_ms = start_ms + round(days * DAY_MS) - 1
            virtual = rig.stations[station]
            planned = plan_faults(rig, virtual, failing, start_ms, last_ms)
            if failing and not planned:
                raise typer.BadParameter(f"found {days:g}, expected at least 1 with --faults", param_hint="--days")
            for day, end_ms in enumerate(range(start_ms + DAY_MS, last_ms, DAY_MS), start=1):
                rig.run_until(end_ms)
                typer.echo(f"day {day} of {days:g} is simulated", err=True)
            rig.run_until(last_ms)
            (account,) = rig.finish(last_ms)
            recorded = count_records(virtual.flash)
            power_cuts = virtual.power_cuts
    summary: dict[str, Any] = {
        "station": station,
        "river": flowing.source,
        "synthetic": flowing.is_synthetic,
        "faults": planned,
        "power_cuts": power_cuts,
        "scheduled": account.scheduled,
        "recorded": recorded,
        "sent": account.stored,
        "by_trigger": account.by_trigger,
        "without_stage": account.without_stage,
        "missing": len(account.lost_ms),
        "waiting": account.waiting,
        "stored_twice": len(account.stored_twice_ms),
        "max_abs_error_m": account.max_abs_error_m,
    }
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        for name, value in summary.items():
            typer.echo(f"{name:16} {value}")
    if not account.is_exact:
        raise typer.Exit(FAILED)


def _parse_faults(text: str) -> list[str]:
    names = {"none": [], "all": list(FAULTS)}.get(text, text.split(","))
    if not set(names) <= set(FAULTS):
        raise typer.BadParameter(
            f"found {text!r}, expected none, all, or some of {','.join(FAULTS)}", param_hint="--faults"
        )
    return names
