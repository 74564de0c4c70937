"""The account of a run: what the schedule owed, against what the store holds. Nothing the station says is believed."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.observations import Gap, Observation

__all__ = ["StationAccount", "account_for", "due_instants_ms"]

STAGE = "stage_m"


@dataclass(frozen=True)
class StationAccount:
    """Every due instant is in exactly one of `stored`, `explained` (no value, and the reason told) and `lost`."""

    station: str
    scheduled: int
    stored: int
    explained: int
    lost_ms: tuple[int, ...]  # instants with neither a value nor a reason
    stored_twice_ms: tuple[int, ...]
    unscheduled_ms: tuple[int, ...]  # stored for an instant that was not due
    max_abs_error_m: float | None  # of the stored stages against the river; None where none could be compared

    @property
    def is_exact(self) -> bool:
        """True where every due instant is there once, or its absence explained, and nothing else is."""
        return not (self.lost_ms or self.stored_twice_ms or self.unscheduled_ms)


def due_instants_ms(first_ms: int, end_ms: int, every_s: int) -> range:
    """Return the whole multiples of the interval in UTC from `first_ms` up to, but not including, `end_ms`."""
    every_ms = every_s * 1000
    return range(-(-first_ms // every_ms) * every_ms, end_ms, every_ms)


def account_for(
    station: str,
    due_ms: Sequence[int],
    observations: Iterable[Observation],
    gaps: Iterable[Gap],
    true_stage_m: Callable[[int], float | None],
) -> StationAccount:
    """Return the account of one station with one stage sensor; `true_stage_m(unix_ms)` is the river, None where unknown."""
    by_instant: dict[int, list[Observation]] = {}
    for observation in observations:
        if observation.variable == STAGE:
            by_instant.setdefault(observation.observed_at_ms, []).append(observation)
    valued = {at_ms for at_ms, there in by_instant.items() if any(each.value is not None for each in there)}
    reasoned = {
        at_ms for at_ms, there in by_instant.items() if at_ms not in valued and all(_has_reason(each) for each in there)
    }
    told_lost = _Overwritten(by_instant, gaps)
    due = set(due_ms)
    absent = [at_ms for at_ms in due_ms if at_ms not in valued and at_ms not in reasoned]
    lost = tuple(at_ms for at_ms in absent if not told_lost.covers(at_ms))
    errors = [
        abs(each.value - truth_m)
        for at_ms in due & valued
        if (truth_m := true_stage_m(at_ms)) is not None
        for each in by_instant[at_ms]
        if each.value is not None
    ]
    return StationAccount(
        station=station,
        scheduled=len(due),
        stored=len(due & valued),
        explained=len(due & reasoned) + len(absent) - len(lost),
        lost_ms=lost,
        stored_twice_ms=tuple(sorted(at_ms for at_ms, there in by_instant.items() if len(there) > 1)),
        unscheduled_ms=tuple(sorted(by_instant.keys() - due)),
        max_abs_error_m=max(errors, default=None),
    )


def _has_reason(observation: Observation) -> bool:
    return observation.null_reason is not None


class _Overwritten:
    """Which instants fell out of a full queue, as far as the record numbers beside them and the gaps told prove it."""

    def __init__(self, by_instant: dict[int, list[Observation]], gaps: Iterable[Gap]) -> None:
        self._gaps = list(gaps)
        self._instants = sorted(by_instant)
        self._records = [(by_instant[at_ms][0].log_id, by_instant[at_ms][0].record_no) for at_ms in self._instants]

    def covers(self, at_ms: int) -> bool:
        """True where the record after this instant follows directly upon a gap."""
        index = bisect_left(self._instants, at_ms)
        if index == len(self._instants):
            return False
        log_id, record_no = self._records[index]
        return any(gap.log_id == log_id and gap.first_record_no < record_no <= gap.last_record_no + 1 for gap in self._gaps)
