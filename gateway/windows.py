"""Which records of each station's log the gateway has taken charge of, and when they were observed.

The law this file keeps: a record number is admitted once; within a log the time rises strictly with the record number;
no instant of a station is admitted under two names. No I/O: the journal loads the runs and is told which ones changed.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.entries import whole
from gateway.ranges import Range

__all__ = ["SAME_INSTANT", "TIME_NOT_RISING", "Admission", "Run", "Window", "Windows"]

SAME_INSTANT = "same_instant"
TIME_NOT_RISING = "time_not_rising"


@dataclass(slots=True)
class Run:
    """Consecutive records at equal steps. A run of dead records has no times: `first_ms` is None."""

    first_no: int
    last_no: int
    first_ms: int | None
    step_ms: int = 0  # 0 as long as the run holds one record

    @property
    def last_ms(self) -> int:
        return (self.first_ms or 0) + self.step_ms * (self.last_no - self.first_no)

    def holds_instant(self, at_ms: int) -> bool:
        if self.first_ms is None or not self.first_ms <= at_ms <= self.last_ms:
            return False
        return self.step_ms == 0 or (at_ms - self.first_ms) % self.step_ms == 0

    def extend(self, record_no: int, at_ms: int | None) -> bool:
        """Take the record into the run if it continues it; return whether it did."""
        if record_no != self.last_no + 1 or (at_ms is None) != (self.first_ms is None):
            return False
        if at_ms is not None and self.first_ms is not None:
            if self.first_no == self.last_no:
                self.step_ms = at_ms - self.first_ms
            elif at_ms != self.last_ms + self.step_ms:
                return False
        self.last_no = record_no
        return True


@dataclass(slots=True)
class Admission:
    """What became of a batch's records; each index counts from the batch's first record."""

    fresh: tuple[int, ...] = ()
    duplicates: int = 0
    dead: list[tuple[int, str]] = field(default_factory=list)


class Window:
    """The runs of one log, in rising record numbers; `changed` holds the first numbers of the runs to write again."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self.runs = sorted(runs, key=lambda run: run.first_no)
        self.changed: set[int] = set()

    def holds(self, record_no: int) -> bool:
        at = self._before(record_no)
        return at >= 0 and record_no <= self.runs[at].last_no

    def holds_instant(self, at_ms: int) -> bool:
        return any(run.holds_instant(at_ms) for run in self.runs)

    def held_between(self, first_no: int, last_no: int) -> list[Range]:
        """Return the records held in runs that have one from the first to the last number."""
        runs = self.runs[max(0, self._before(first_no)) : self._before(last_no) + 1]
        return [(run.first_no, run.last_no) for run in runs]

    def span_ms(self) -> tuple[int, int] | None:
        """Return the first and last instant, or None where no record has a time."""
        count = len(self.runs)
        first, last = self._timed(range(count)), self._timed(range(count - 1, -1, -1))
        return None if first is None or last is None else (first.first_ms or 0, last.last_ms)

    def is_rising(self, record_no: int, at_ms: int) -> bool:
        """Tell whether a record not held yet fits in time between its neighbours."""
        at = self._before(record_no)
        earlier = self._timed(range(at, -1, -1))
        later = self._timed(range(at + 1, len(self.runs)))
        if earlier is not None and at_ms <= earlier.last_ms:
            return False
        return later is None or later.first_ms is None or at_ms < later.first_ms

    def extend(self, first_no: int, times_ms: Sequence[int]) -> bool:
        """Hold records that continue the last run at its step, all at once; return whether they did.

        `times_ms` rise strictly, as those of every batch do.
        """
        if not self.runs:
            return False
        run, count = self.runs[-1], len(times_ms)
        if first_no != run.last_no + 1 or run.first_ms is None:
            return False
        step_ms = run.step_ms or times_ms[0] - run.first_ms
        begins_ms = run.last_ms + step_ms
        if step_ms <= 0 or times_ms[0] != begins_ms or times_ms[-1] != begins_ms + (count - 1) * step_ms:
            return False
        if count > 2 and list(times_ms) != list(range(begins_ms, begins_ms + count * step_ms, step_ms)):
            return False
        run.step_ms = step_ms
        run.last_no += count
        self.changed.add(run.first_no)
        return True

    def add(self, record_no: int, at_ms: int | None) -> None:
        """Hold a record that is not held yet; `at_ms` is None for a dead one."""
        at = self._before(record_no)
        if at >= 0 and self.runs[at].extend(record_no, at_ms):
            self.changed.add(self.runs[at].first_no)
        else:
            at += 1
            self.runs.insert(at, Run(record_no, record_no, at_ms))
            self.changed.add(record_no)
        self._join(at)

    def forget(self, record_no: int) -> None:
        """Let go of a dead record, so that it can be admitted again."""
        at = self._before(record_no)
        run = self.runs[at]
        if at < 0 or record_no > run.last_no or run.first_ms is not None:
            raise ValueError(f"record {record_no} is not held as dead")
        ends = ((run.first_no, record_no - 1), (record_no + 1, run.last_no))
        self.runs[at : at + 1] = [Run(first, last, None) for first, last in ends if first <= last]
        self.changed.update((run.first_no, record_no + 1))

    def take_changes(self) -> list[tuple[int, Run | None]]:
        """Return each changed run, or None in its place where no run begins at that number any more."""
        begins = {run.first_no: run for run in self.runs} if self.changed else {}
        changes = [(first_no, begins.get(first_no)) for first_no in sorted(self.changed)]
        self.changed.clear()
        return changes

    def _timed(self, indexes: range) -> Run | None:
        return next((self.runs[at] for at in indexes if self.runs[at].first_ms is not None), None)

    def _before(self, record_no: int) -> int:
        """Return the index of the last run that begins at or before the number, or -1."""
        return bisect_right(self.runs, record_no, key=lambda run: run.first_no) - 1

    def _join(self, at: int) -> None:
        """Join the run with the one after it where their records are consecutive and at equal steps."""
        if at + 1 >= len(self.runs):
            return
        run, after = self.runs[at], self.runs[at + 1]
        if after.first_no != run.last_no + 1 or (run.first_ms is None) != (after.first_ms is None):
            return
        if run.first_ms is not None and after.first_ms is not None:
            gap_ms = after.first_ms - run.last_ms
            if any(step not in (0, gap_ms) for step in (run.step_ms, after.step_ms)):
                return
            run.step_ms = gap_ms
        run.last_no = after.last_no
        del self.runs[at + 1]
        self.changed.update((run.first_no, after.first_no))


class Windows:
    """The windows of all stations, by station and log."""

    def __init__(self) -> None:
        self._logs: dict[str, dict[int, Window]] = {}
        self._touched: set[tuple[str, int]] = set()
        self._let_go: list[tuple[str, int, int, None]] = []

    def window(self, station: str, log_id: int) -> Window:
        """Return the window of a log, empty when nothing of it was admitted yet."""
        logs = self._logs.setdefault(station, {})
        found = logs.get(log_id)
        if found is None:
            found = logs[log_id] = Window()
        return found

    def load(self, station: str, log_id: int, runs: Iterable[Run]) -> None:
        self._logs.setdefault(station, {})[log_id] = Window(runs)

    def admit(self, station: str, log_id: int, first_record_no: int, times_ms: Sequence[int]) -> Admission:
        """Take the records that are new in name and in time; duplicates and dead ones are told apart."""
        window = self.window(station, log_id)
        self._touched.add((station, log_id))
        others = self._overlapping(station, log_id, times_ms[0], times_ms[-1])
        if not others and window.extend(first_record_no, times_ms):
            return Admission(whole(len(times_ms)))
        admission = Admission()
        fresh: list[int] = []
        for index, at_ms in enumerate(times_ms):
            record_no = first_record_no + index
            if window.holds(record_no):
                admission.duplicates += 1
                continue
            reason = _objection(window, others, record_no, at_ms)
            window.add(record_no, at_ms if reason is None else None)
            if reason is None:
                fresh.append(index)
            else:
                admission.dead.append((index, reason))
        admission.fresh = tuple(fresh)
        return admission

    def has_objection(self, station: str, log_id: int, first_record_no: int, times_ms: Sequence[int]) -> bool:
        """Tell whether `admit` would find one of these records dead; nothing is changed."""
        window = self._logs.get(station, {}).get(log_id, Window())
        others = self._overlapping(station, log_id, times_ms[0], times_ms[-1])
        return any(
            not window.holds(record_no) and _objection(window, others, record_no, at_ms) is not None
            for record_no, at_ms in enumerate(times_ms, first_record_no)
        )

    def restore(self, station: str, log_id: int, records: Iterable[tuple[int, int]]) -> None:
        """Hold records that a store has, as (record number, time in ms); those held already stay as they are."""
        window = self.window(station, log_id)
        self._touched.add((station, log_id))
        for record_no, at_ms in records:
            if not window.holds(record_no):
                window.add(record_no, at_ms)

    def forget(self, station: str, log_id: int, record_no: int) -> None:
        """Let go of a dead record, so that it can be admitted again."""
        if log_id not in self._logs.get(station, {}):
            return  # with its log
        self.window(station, log_id).forget(record_no)
        self._touched.add((station, log_id))

    def keep_newest(self, station: str, above: int, limit: int) -> None:
        """Let go of the older half of a station's logs with an id above `above` once they are more than `limit`."""
        logs = self._logs.get(station, {})
        ids = [log_id for log_id in logs if log_id > above]
        if len(ids) <= limit:
            return
        ids.sort(key=lambda log_id: logs[log_id].span_ms() or (0, 0))
        for log_id in ids[: len(ids) // 2]:
            window = logs.pop(log_id)
            self._touched.discard((station, log_id))
            first_nos = window.changed.union(run.first_no for run in window.runs)
            self._let_go += [(station, log_id, first_no, None) for first_no in sorted(first_nos)]

    def take_changes(self) -> list[tuple[str, int, int, Run | None]]:
        """Return (station, log_id, first_no, run or None) for every run changed since the last call."""
        changes: list[tuple[str, int, int, Run | None]] = [*self._let_go]
        changes += [
            (station, log_id, first_no, run)
            for station, log_id in sorted(self._touched)
            for first_no, run in self.window(station, log_id).take_changes()
        ]
        self._let_go.clear()
        self._touched.clear()
        return changes

    def _overlapping(self, station: str, log_id: int, first_ms: int, last_ms: int) -> list[Window]:
        found = []
        for other_id, other in self._logs.get(station, {}).items():
            span = other.span_ms() if other_id != log_id else None
            if span is not None and span[0] <= last_ms and first_ms <= span[1]:
                found.append(other)
        return found


def _objection(window: Window, others: Sequence[Window], record_no: int, at_ms: int) -> str | None:
    if not window.is_rising(record_no, at_ms):
        return SAME_INSTANT if window.holds_instant(at_ms) else TIME_NOT_RISING
    return SAME_INSTANT if any(other.holds_instant(at_ms) for other in others) else None
