"""What a demo runs: which rivers, over which period, at which speed, with which sensors hung how high."""

import dataclasses
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware.virtual.host import River, read_river, synthetic_flood
from gateway.times import format_utc
from rivergauge.account import due_instants_ms
from rivergauge.basin import Basin, Station, load_basin

__all__ = ["Plan", "PlanRefused", "plan_replay", "plan_synthetic"]

# The synthetic flood comes down the river: each station sees it so much later than the one before.
SYNTHETIC_TRAVEL_MS = 20 * 60_000
SYNTHETIC_LIMIT_MS = 29 * 86_400_000
# A range finder hangs at least so far above the highest water, so that it can still see it.
LEAST_RANGE_M = 0.6


class PlanRefused(Exception):
    """The demo cannot be run as asked; the message says what was found and what was expected."""


@dataclass(frozen=True)
class Plan:
    """Stations measure the instants due from `from_ms` up to, but not including, `to_ms`."""

    basin_file: Path
    basin: Basin
    rivers: Mapping[str, River]
    from_ms: int
    to_ms: int

    @property
    def river_source(self) -> str:
        return next(iter(self.rivers.values())).source


def plan_replay(basin_file: Path, file: Path, from_ms: int | None, to_ms: int | None) -> Plan:
    """Let every station replay one file, from the first to the last row where no times are given.

    Raises PlanRefused, RiverError or BasinError.
    """
    basin = load_basin(basin_file)
    river = read_river(file)
    from_ms = river.first_ms if from_ms is None else from_ms
    to_ms = river.last_ms + 1 if to_ms is None else to_ms
    if from_ms >= to_ms:
        raise PlanRefused(f"--from {format_utc(from_ms)} is not before --to {format_utc(to_ms)}")
    if to_ms <= river.first_ms or from_ms > river.last_ms:
        raise PlanRefused(
            f"{file}: found rows from {format_utc(river.first_ms)} to {format_utc(river.last_ms)},"
            f" expected some from {format_utc(from_ms)} to {format_utc(to_ms)}"
        )
    rivers = {station.id: river for station in basin.stations}
    stations = tuple(_hang_sensors(station, river, from_ms, to_ms) for station in basin.stations)
    return Plan(basin_file, dataclasses.replace(basin, stations=stations), rivers, from_ms, to_ms)


def plan_synthetic(basin_file: Path) -> Plan:
    """Let an invented flood come down the river from now on."""
    basin = load_basin(basin_file)
    from_ms = round(time.time()) * 1000
    rivers = {
        station.id: synthetic_flood(from_ms, delay_ms=order * SYNTHETIC_TRAVEL_MS)
        for order, station in enumerate(basin.downstream_order())
    }
    return Plan(basin_file, basin, rivers, from_ms, from_ms + SYNTHETIC_LIMIT_MS)


def _hang_sensors(station: Station, river: River, from_ms: int, to_ms: int) -> Station:
    """Hang range finders higher where this river would reach them, as the technician at that river would have done."""
    due_ms = due_instants_ms(from_ms, to_ms, station.sampling.record_every_s)
    stages_m = [stage_m for at_ms in due_ms if (stage_m := river.stage_m_at(at_ms)) is not None]
    least_m = math.ceil((max(stages_m, default=0.0) + LEAST_RANGE_M) * 10) / 10
    sensors = tuple(
        sensor
        if sensor.zero_distance_m is None
        else dataclasses.replace(sensor, zero_distance_m=max(sensor.zero_distance_m, least_m))
        for sensor in station.sensors
    )
    return dataclasses.replace(station, sensors=sensors)
