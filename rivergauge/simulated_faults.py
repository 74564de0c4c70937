"""What goes wrong at a simulated station, in turn and then together, over and over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmware.virtual.host import VirtualStation
from rivergauge.rig import Rig

__all__ = ["FAULTS", "plan_faults"]

HOUR_MS = 3_600_000
FIRST_MS = HOUR_MS  # of order, before anything goes wrong
APART_MS = 4 * HOUR_MS  # each fault alone
TOGETHER_MS = 6 * HOUR_MS
PAUSE_MS = 2 * HOUR_MS
LAST_MS = 3 * HOUR_MS  # of order at the end: a station that lost its broker tries again within the hour
CUT_EVERY_MS = 50 * 60_000  # power cuts inside flash operations, while the flash is what fails
OPERATIONS_OF_A_RECORD = 3  # a cut falls into writing, dating or freeing it, in turn


@dataclass(frozen=True)
class Fault:
    """`begin` and `end` are called at the ends of its time, `repeat` at CUT_EVERY_MS within."""

    begin: Callable[[Rig, VirtualStation], None] = lambda _rig, _station: None
    end: Callable[[Rig, VirtualStation], None] = lambda _rig, _station: None
    repeat: Callable[[VirtualStation, int], None] | None = None


FAULTS = {
    "broker": Fault(lambda rig, _: rig.stop_broker(), lambda rig, _: rig.start_broker()),
    "time": Fault(lambda rig, _: rig.time_server.stop(), lambda rig, _: rig.time_server.start()),
    "flash": Fault(repeat=lambda station, count: station.cut_power_at_flash_write(1 + count % OPERATIONS_OF_A_RECORD)),
    "sensor": Fault(lambda _, station: station.unplug_sensor(), lambda _, station: station.plug_sensor()),
}


def plan_faults(rig: Rig, station: VirtualStation, names: list[str], start_ms: int, end_ms: int) -> int:
    """Plan the faults of these names on the bench and return how many there will be; 0 where the time is too short."""
    planned = 0
    for name, from_ms, to_ms in _times(names, start_ms + FIRST_MS, end_ms - LAST_MS):
        _plan(rig, station, FAULTS[name], from_ms, to_ms)
        planned += 1
    return planned


def _times(names: list[str], from_ms: int, limit_ms: int) -> Iterator[tuple[str, int, int]]:
    while names:
        for name in names:
            if from_ms + APART_MS > limit_ms:
                return
            yield name, from_ms, from_ms + APART_MS
            from_ms += APART_MS + PAUSE_MS
        if len(names) > 1:
            if from_ms + TOGETHER_MS > limit_ms:
                return
            for name in names:
                yield name, from_ms, from_ms + TOGETHER_MS
            from_ms += TOGETHER_MS + PAUSE_MS


def _plan(rig: Rig, station: VirtualStation, fault: Fault, from_ms: int, to_ms: int) -> None:
    rig.bench.at(from_ms, lambda: fault.begin(rig, station))
    rig.bench.at(to_ms, lambda: fault.end(rig, station))
    if fault.repeat is not None:
        for count, at_ms in enumerate(range(from_ms, to_ms, CUT_EVERY_MS)):
            rig.bench.at(at_ms, lambda repeat=fault.repeat, count=count: repeat(station, count))  # type: ignore[misc]
