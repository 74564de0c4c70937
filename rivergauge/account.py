"""The account of a run: what the schedule owed, against what the store holds. Nothing the station says is believed."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.observations import Gap, Observation

__all__ = ["StationAccount", "account_for", "due_instants_ms"]

STAGE = "stage_m"


@dataclass(frozen=True)
class StationAccount:
    """Every due instant is in exactly one of `stored`, `overwritten` and `lost_ms`."""

    station: str
    scheduled: int
    stored: int  # there is a record of it, with a stage or with the reason why there is none
    reasons: Mapping[int, int]  # of these, how many have no stage, by null reason (protocol.quality)
    overwritten: int  # fell out of the station's full queue, and the gateway was told
    lost_ms: tuple[int, ...]  # nothing is known of them
    stored_twice_ms: tuple[int, ...]
    unscheduled_ms: tuple[int, ...]  # stored for an instant that was not due
    by_trigger: int  # stored for an instant that was not due, but that a raised trigger may record
    max_abs_error_m: float | None  # of the stored stages against the river; None where none could be compared
    waiting: int  # records that the station still held without a receipt when the time to deliver them was over

    @property
    def without_stage(self) -> int:
        return sum(self.reasons.values())

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
    faster_every_s: int | None = None,
    waiting: int = 0,
) -> StationAccount:
    """Return the account of a station by its stages; `true_stage_m(unix_ms)` is the river, None if unknown.

    Where the station has a trigger, records may be there at the instants of `faster_every_s` too; none of them is owed.
    """
    by_instant: dict[int, list[Observation]] = {}
    for observation in observations:
        if observation.variable == STAGE:
            by_instant.setdefault(observation.observed_at_ms, []).append(observation)
    due = set(due_ms)
    stored = {at_ms for at_ms in due & by_instant.keys() if all(_is_explained(each) for each in by_instant[at_ms])}
    absent = [at_ms for at_ms in due_ms if at_ms not in stored]
    lost = tuple(_lost(absent, by_instant, gaps))
    not_due_ms = sorted(by_instant.keys() - due)
    stages = [(at_ms, each.value) for at_ms in stored for each in by_instant[at_ms] if each.value is not None]
    errors = [abs(stage_m - truth_m) for at_ms, stage_m in stages if (truth_m := true_stage_m(at_ms)) is not None]
    return StationAccount(
        station=station,
        scheduled=len(due),
        stored=len(stored),
        reasons=Counter(
            each.null_reason for at_ms in stored for each in by_instant[at_ms] if each.null_reason is not None
        ),
        overwritten=len(absent) - len(lost),
        lost_ms=lost,
        stored_twice_ms=tuple(sorted(at_ms for at_ms, there in by_instant.items() if _is_doubled(there))),
        unscheduled_ms=tuple(at_ms for at_ms in not_due_ms if not _may_be_recorded(at_ms, faster_every_s)),
        by_trigger=sum(_may_be_recorded(at_ms, faster_every_s) for at_ms in not_due_ms),
        max_abs_error_m=max(errors, default=None),
        waiting=waiting,
    )


def _may_be_recorded(at_ms: int, faster_every_s: int | None) -> bool:
    return faster_every_s is not None and at_ms % (faster_every_s * 1000) == 0


def _is_doubled(there: Sequence[Observation]) -> bool:
    return len({each.sensor for each in there}) < len(there)


def _is_explained(observation: Observation) -> bool:
    return observation.value is not None or observation.null_reason is not None


def _count_overwritten_before(by_instant: Mapping[int, list[Observation]], gaps: Iterable[Gap]) -> dict[int, int]:
    """Return how many records just before a stored instant are told to be lost, by the gap that ends there."""
    last_of_gap = {(gap.log_id, gap.last_record_no): gap.last_record_no - gap.first_record_no + 1 for gap in gaps}
    return {at_ms: last_of_gap.get((there[0].log_id, there[0].record_no - 1), 0) for at_ms, there in by_instant.items()}


def _lost(absent_ms: Sequence[int], by_instant: Mapping[int, list[Observation]], gaps: Iterable[Gap]) -> list[int]:
    """Return the absent instants that no gap told accounts for."""
    instants = sorted(by_instant)
    unaccounted = _count_overwritten_before(by_instant, gaps)
    lost = []
    for at_ms in reversed(absent_ms):
        index = bisect_left(instants, at_ms)
        following_ms = instants[index] if index < len(instants) else None
        if following_ms is None or following_ms == at_ms or unaccounted[following_ms] == 0:
            lost.append(at_ms)
        else:
            unaccounted[following_ms] -= 1
    return lost[::-1]
