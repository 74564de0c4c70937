"""What a scenario is: hours on a station, what goes wrong in them, what may be missing after, and the remedy."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from firmware.flash import compile_firmware
from firmware.virtual.host import VirtualStation, synthetic_flood
from rivergauge.account import StationAccount
from rivergauge.basin import Basin
from rivergauge.rig import Rig

__all__ = ["HOUR_MS", "Remedy", "Scenario", "Verdict", "play"]

HOUR_MS = 3_600_000
TOLERANCE_M = 0.001
START_MS = 1_775_001_600_000  # 2026-04-01T00:00Z, the first day of the growing season
PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Remedy:
    """The code a scenario puts to the test; `without` is what stands there in the twin's firmware."""

    file: str
    text: str
    without: str


@dataclass(frozen=True)
class Scenario:
    """`events(rig, station)` plans what goes wrong; `most_absent` is how many records may lack a stage, by reason."""

    name: str
    hours: int
    events: Callable[[Rig, VirtualStation], None]
    remedy: Remedy
    most_absent: Mapping[int, int] = field(default_factory=dict)
    least_absent: int = 0  # fewer would mean that nothing went wrong


@dataclass(frozen=True)
class Verdict:
    account: StationAccount
    faults: tuple[str, ...]  # none where the scenario passed

    @property
    def passed(self) -> bool:
        return not self.faults


def play(scenario: Scenario, basin: Basin, folder: Path, with_remedy: bool = True) -> Verdict:
    """Play the scenario on the basin's first station; raises StationFailed when the firmware itself fails."""
    station = basin.stations[0]
    alone = replace(basin, stations=(replace(station, upstream=()),))
    sources = PROJECT if with_remedy else _edited(scenario.remedy, folder / "sources")
    river = synthetic_flood(START_MS)
    with Rig(folder / "rig", alone, {station.id: river}, START_MS) as rig:
        rig.flash(compile_firmware("virtual", sources))
        scenario.events(rig, rig.stations[station.id])
        (account,) = rig.finish(START_MS + scenario.hours * HOUR_MS)
    return Verdict(account, tuple(_faults(scenario, account)))


def _edited(remedy: Remedy, folder: Path) -> Path:
    for part in ("firmware", "protocol"):
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    path = folder / remedy.file
    text = path.read_text()
    if text.count(remedy.text) != 1:
        raise ValueError(f"{remedy.file}: the remedy's text occurs {text.count(remedy.text)} times, expected once")
    path.write_text(text.replace(remedy.text, remedy.without))
    return folder


def _faults(scenario: Scenario, account: StationAccount) -> list[str]:
    faults = []
    if not account.is_exact or account.stored != account.scheduled:
        faults.append(
            f"{len(account.lost_ms)} lost, {account.overwritten} overwritten,"
            f" {len(account.stored_twice_ms)} stored twice, {len(account.unscheduled_ms)} not scheduled"
        )
    if account.max_abs_error_m is None or account.max_abs_error_m > TOLERANCE_M:
        faults.append(f"a stage is wrong by {account.max_abs_error_m} m")
    if any(count > scenario.most_absent.get(reason, 0) for reason, count in account.reasons.items()):
        faults.append(f"absent for reasons {dict(account.reasons)}, expected at most {dict(scenario.most_absent)}")
    if account.without_stage < scenario.least_absent:
        faults.append(f"only {account.without_stage} records lack a stage, expected {scenario.least_absent} or more")
    return faults
