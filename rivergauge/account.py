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
    max_abs_error_m: float | None  # of the stored stages against the river; None where none could be compared

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
) -> StationAccount:
    """Return the account of a station with one stage sensor; `true_stage_m(unix_ms)` is the river, None if unknown."""
    by_instant: dict[int, list[Observation]] = {}
    for observation in observations:
        if observation.variable == STAGE:
            by_instant.setdefault(observation.observed_at_ms, []).append(observation)
    due = set(due_ms)
    stored = {at_ms for at_ms in due & by_instant.keys() if all(_is_explained(each) for each in by_instant[at_ms])}
    overwritten = _Overwritten(by_instant, gaps)
    absent = [at_ms for at_ms in due_ms if at_ms not in stored]
    lost = tuple(at_ms for at_ms in absent if at_ms in by_instant or not overwritten.covers(at_ms))
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
        stored_twice_ms=tuple(sorted(at_ms for at_ms, there in by_instant.items() if len(there) > 1)),
        unscheduled_ms=tuple(sorted(by_instant.keys() - due)),
        max_abs_error_m=max(errors, default=None),
    )


def _is_explained(observation: Observation) -> bool:
    return observation.value is not None or observation.null_reason is not None


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
        return any(
            gap.log_id == log_id and gap.first_record_no < record_no <= gap.last_record_no + 1 for gap in self._gaps
        )
