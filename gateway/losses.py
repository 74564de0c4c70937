"""What a station says of its own queue, held against what the gateway has taken charge of.

The law this file keeps: every record number below a station's `receipted` or `oldest_held` is held, or written off once
with the reason: overwritten before it was sent, or receipted and in no store (a journal that was lost, or restored
without what came after). No I/O: stores are asked through `find_stored`.
"""

from collections.abc import Callable, Iterable, Sequence

from gateway.entries import ELSEWHERE, LOST, OVERWRITTEN, WrittenOff
from gateway.ranges import Range, between, joined, without
from gateway.records import Head
from gateway.windows import Windows

__all__ = ["FindStored", "Losses"]

# Stations number from 1; of one that begins at 0, that record is taken like any other, and just not missed.
FIRST_RECORD_NO = 1
# (station, log_id, first, last) -> (record number, time in ms) of those stored; None when that cannot be told now.
FindStored = Callable[[str, int, int, int], Sequence[tuple[int, int]] | None]
Log = tuple[str, int]


class Losses:
    """Looks at the circumstances of each batch before its records are admitted.

    With other gateways in company, one of them may have given the receipt and have the record in a store of its own:
    what is not here is counted apart, and not called lost.
    """

    def __init__(
        self,
        windows: Windows,
        find_stored: FindStored,
        queues: Iterable[Log] = (),
        written_off: Iterable[WrittenOff] = (),
        has_company: bool = False,
    ) -> None:
        self._windows = windows
        self._queues: dict[str, set[int]] = {}
        for station, log_id in queues:
            self._queues.setdefault(station, set()).add(log_id)
        self._find_stored = find_stored
        self._has_company = has_company
        self._written_off: dict[Log, list[Range]] = {}
        self._below: dict[Log, tuple[int, int]] = {}  # (receipted, oldest held) as accounted for
        for each in written_off:
            self._written_off.setdefault((each.station, each.log_id), []).append((each.first_no, each.last_no))
        self._written_off = {log: joined(ranges) for log, ranges in self._written_off.items()}

    def begin(self, station: str, log_id: int) -> bool | None:
        """Note a log; return None where it is known, else whether the station had another queue before it."""
        logs = self._queues.setdefault(station, set())
        if log_id in logs:
            return None
        logs.add(log_id)
        return len(logs) > 1

    def account(self, station: str, batch: Head) -> list[WrittenOff]:
        """Return what is to be written off that was not before; what a store has is held from now on."""
        log = (station, batch.log_id)
        if not batch.gaps and self._below.get(log) == (batch.receipted, batch.oldest_held):
            return []
        off = self._overwritten(log, batch.gaps)
        # What was below the last `receipted` is accounted for already.
        since, _ = self._below.get(log, (FIRST_RECORD_NO, 0))
        missing = self._unaccounted(log, [(since, batch.receipted - 1)])
        if missing:
            stored = self._find_stored(station, batch.log_id, missing[0][0], missing[-1][1])
            if stored is None:
                return off
            self._windows.restore(station, batch.log_id, stored)
            in_hand = (batch.first_record_no, batch.first_record_no + len(batch.times_ms) - 1)
            lost = without(self._unaccounted(log, missing), [in_hand])
            off += self._write_off(log, lost, ELSEWHERE if self._has_company else LOST)
        off += self._overwritten(log, [(batch.receipted, batch.oldest_held - 1)])
        self._below[log] = (batch.receipted, batch.oldest_held)
        return off

    def _overwritten(self, log: Log, ranges: Iterable[Range]) -> list[WrittenOff]:
        return self._write_off(log, self._unaccounted(log, ranges), OVERWRITTEN)

    def _unaccounted(self, log: Log, ranges: Iterable[Range]) -> list[Range]:
        wanted = [(first, last) for first, last in ranges if first <= last]
        if not wanted:
            return []
        first_no, last_no = min(first for first, _ in wanted), max(last for _, last in wanted)
        held = self._windows.window(*log).held_between(first_no, last_no)
        return without(wanted, [*held, *between(self._written_off.get(log, []), first_no, last_no)])

    def _write_off(self, log: Log, ranges: Sequence[Range], why: str) -> list[WrittenOff]:
        if not ranges:
            return []
        self._written_off[log] = joined([*self._written_off.get(log, ()), *ranges])
        return [WrittenOff(*log, first, last, why) for first, last in ranges]
