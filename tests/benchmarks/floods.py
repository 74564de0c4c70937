"""How soon a gateway hears of a flash flood, by how its station samples: the whole chain, from sensor to store.

Nothing here was fitted to a flood: the trigger is that of deploy/basin.toml, a round number, and what a flood is, where
it begins and what shows it are round numbers too.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from firmware.virtual.host import River, read_river, synthetic_flood
from firmware.virtual.host.river import FLOOD_START_MS
from gateway.observations import Observation
from gateway.stores.embedded import EmbeddedStore
from rivergauge.basin import Adaptive, Sampling, load_basin
from rivergauge.rig import Rig
from tests.conftest import PROJECT, SHARED_DATA

__all__ = ["SCHEDULES", "Flood", "Heard", "describe", "flash_floods", "flood_rows", "hear_floods", "synthetic"]

USGS = SHARED_DATA / "usgs" / "usgs_01581752_plumtree_run_2016_2018_15min.csv.gz"
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ROW_MS = 15 * MINUTE_MS  # of the data
PEAKS_APART_MS = 72 * HOUR_MS
BEGINS_WITHIN_MS = 6 * HOUR_MS  # before the peak: where the water stood lowest, and last so low
FLASH_WITHIN_MS = 2 * HOUR_MS  # a flood that has not risen so far by then is no flash flood
FLASH_RISE_M = 0.5
SHOWN_RISE_M = 0.1  # a record so high above the beginning shows the flood
QUIET_MS = HOUR_MS  # run before the rise
HIGHEST = 5  # floods that the benchmark runs

TRIGGER = Adaptive(
    sensor_no=1,
    variable="stage_m",
    kind="rise_rate",
    raise_value=0.3,
    clear_value=0.1,
    over_s=600,
    clear_after_s=3600,
    record_every_s=60,
    send_every_s=300,
    pre_trigger_s=900,
)
SCHEDULES = {
    "fixed": Sampling(900, 900),
    "adaptive": Sampling(900, 900, 300, TRIGGER),
    "adaptive-hourly": Sampling(900, 3600, 300, TRIGGER),  # while all is quiet it sends a quarter of the messages
}


@dataclass(frozen=True)
class Flood:
    """A river that begins to rise at `rises_ms`."""

    name: str
    river: River
    rises_ms: int

    def moved_to(self, rises_ms: int) -> "Flood":
        """Return the flood as if it had happened then."""
        first_ms, last_ms = self.rises_ms - 2 * QUIET_MS, self.rises_ms + FLASH_WITHIN_MS + 2 * HOUR_MS
        times_ms = range(first_ms, last_ms, MINUTE_MS if self.river.is_synthetic else ROW_MS)
        moved_ms = [at_ms + rises_ms - self.rises_ms for at_ms in times_ms]
        stages_m = [self.river.stage_m_at(at_ms) for at_ms in times_ms]
        river = River(moved_ms, stages_m, [None] * len(stages_m), self.river.source, self.river.is_synthetic)
        return Flood(self.name, river, rises_ms)


@dataclass(frozen=True)
class Heard:
    """What the first message that shows a flood came to."""

    flood: str
    schedule: str
    after_rise_s: float  # received so long after the water began to rise
    before_newest: int  # records in it from before its newest one: with a trigger, from before that was raised
    of_the_rise: int  # of these, how many were measured since the water began to rise
    quiet_messages: int  # that the station sent in the hour before


def synthetic() -> Flood:
    return Flood("synthetic", synthetic_flood(0, delay_ms=3 * HOUR_MS), FLOOD_START_MS + 3 * HOUR_MS)


def _find_floods(river: River) -> list[Flood]:
    """Return the flash floods of a river with rows of 15 minutes, highest peak first."""
    rows = [(at_ms, river.stage_m_at(at_ms)) for at_ms in range(river.first_ms, river.last_ms + 1, ROW_MS)]
    stages_m = {at_ms: stage_m for at_ms, stage_m in rows if stage_m is not None}
    peaks_ms: list[int] = []
    floods = []
    for peak_ms in sorted(stages_m, key=lambda at_ms: -stages_m[at_ms])[: len(stages_m) // 100]:
        if any(abs(peak_ms - other_ms) < PEAKS_APART_MS for other_ms in peaks_ms):
            continue
        peaks_ms.append(peak_ms)
        before = [at_ms for at_ms in range(peak_ms - BEGINS_WITHIN_MS, peak_ms, ROW_MS) if at_ms in stages_m]
        lowest_m = min(stages_m[at_ms] for at_ms in before)
        rises_ms = max(at_ms for at_ms in before if stages_m[at_ms] == lowest_m)
        then = range(rises_ms, rises_ms + FLASH_WITHIN_MS + 1, ROW_MS)
        if max(stages_m.get(at_ms, lowest_m) for at_ms in then) - lowest_m >= FLASH_RISE_M:
            floods.append(Flood(time.strftime("%Y-%m-%d", time.gmtime(peak_ms // 1000)), river, rises_ms))
    return floods


def flash_floods() -> list[Flood]:
    """Return those of Plumtree Run where its data lie beside the checkout, else the synthetic one."""
    return _find_floods(read_river(USGS)) if USGS.exists() else [synthetic()]


def flood_rows() -> list[Heard]:
    """Return what is heard of the highest flash floods, for `make bench`: about a minute."""
    with tempfile.TemporaryDirectory(prefix="rivergauge-floods-") as folder:
        return hear_floods(Path(folder), flash_floods()[:HIGHEST])


def hear_floods(folder: Path, floods: Sequence[Flood], run_for_ms: int = FLASH_WITHIN_MS) -> list[Heard]:
    """Let all floods happen at once, each at one station for each schedule; return what the gateway heard of them.

    Every record that was due has to be stored once; AssertionError where one is not.
    """
    rises_ms = (floods[0].rises_ms // HOUR_MS + 1) * HOUR_MS
    moved = [flood.moved_to(rises_ms) for flood in floods]
    basin = load_basin(PROJECT / "deploy" / "basin.toml")
    (model, *_) = [station for station in basin.stations if not station.upstream]
    stations, rivers, names = [], {}, {}
    for number, flood in enumerate(moved):
        for schedule, sampling in SCHEDULES.items():
            station_id = f"{schedule}-{number}"
            stations.append(replace(model, id=station_id, key_id=station_id, sampling=sampling))
            rivers[station_id] = flood.river
            names[station_id] = (flood, schedule)
    with Rig(folder, replace(basin, stations=tuple(stations)), rivers, rises_ms - QUIET_MS) as rig:
        rig.flash()
        rig.run_until(rises_ms + run_for_ms)
        for account in rig.finish(rises_ms + run_for_ms):
            assert account.is_exact, account
        store = EmbeddedStore(rig.observations)
        heard = []
        for station_id, (flood, schedule) in names.items():
            observations = store.read_observations(station_id, rises_ms - QUIET_MS, rises_ms + run_for_ms + 1)
            stages = [each for each in observations if each.variable == "stage_m" and each.value is not None]
            heard.append(_first_that_shows(flood, schedule, stages))
    return heard


def describe(heard: Heard) -> str:
    return (
        f"{heard.flood:10}  {heard.schedule:16} heard {heard.after_rise_s / 60:5.1f} min after the rise began, with "
        f"{heard.before_newest:2} earlier records, {heard.of_the_rise} of them of the rise; "
        f"{heard.quiet_messages} messages in the quiet hour before"
    )


def _first_that_shows(flood: Flood, schedule: str, stages: list[Observation]) -> Heard:
    beginning_m = flood.river.stage_m_at(flood.rises_ms)
    assert beginning_m is not None
    high = [each for each in stages if each.observed_at_ms > flood.rises_ms]
    received_ms = min(each.received_at_ms for each in high if (each.value or 0) >= beginning_m + SHOWN_RISE_M)
    message = sorted(each.observed_at_ms for each in stages if each.received_at_ms == received_ms)
    quiet = {each.received_at_ms for each in stages if each.received_at_ms <= flood.rises_ms}
    return Heard(
        flood=flood.name,
        schedule=schedule,
        after_rise_s=(received_ms - flood.rises_ms) / 1000,
        before_newest=len(message) - 1,
        of_the_rise=sum(at_ms > flood.rises_ms for at_ms in message[:-1]),
        quiet_messages=len(quiet),
    )
