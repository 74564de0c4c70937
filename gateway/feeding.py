"""Feeds one store from the journal, at the store's own pace."""

import logging
from collections.abc import Sequence
from time import monotonic

from gateway.batch_lines import BatchLines
from gateway.complaints import Complaint
from gateway.deliveries import Deliveries
from gateway.entries import DATA, SETTLED, DeadLetter, Frame
from gateway.journal import Journal
from gateway.progress import Progress
from gateway.side_by_side import halves, side_by_side
from gateway.stores.store import Away, BlockStore, Outcome, Parked, RefusedRecord, Store, Written
from gateway.worker import Worker
from protocol.topics import topic

__all__ = ["Feeder"]

log = logging.getLogger(__name__)

# Frames handed over at once: doubled while the store is quick, halved when it is not.
GROUP_FIRST, GROUP_LIMIT = 50, 1000
PARTED_FROM = 100  # frames; of so many a store that takes whole batches is handed both halves at the same time
QUICK_S = 5.0
BACKOFF_FIRST_S, BACKOFF_LAST_S = 0.5, 60.0
PARKED_S = 60.0


class Feeder(Worker):
    """Moves the store's cursor along the journal, and never past what the store has not taken."""

    def __init__(
        self,
        store: Store,
        store_names: Sequence[str],
        basin: str,
        deliveries: Deliveries,
        journal: Journal,
        progress: Progress,
    ) -> None:
        super().__init__(f"feeding {store.name}")
        self._store = store
        self._store_names = store_names
        self._basin = basin
        self._deliveries = deliveries
        self._journal = journal
        self._progress = progress
        self._complaint = Complaint(log, f"store {store.name}", monotonic)
        self._backoff_s = BACKOFF_FIRST_S
        self._group = GROUP_FIRST

    def decode_with(self, deliveries: Deliveries) -> None:
        """Go on with other ratings; to be called between steps."""
        self._deliveries = deliveries

    def step(self) -> float | None:
        frames = self._journal.frames(self._progress.cursor(self._store.name), self._group)
        if not frames:
            return None
        began_s = monotonic()
        parts = halves(frames) if isinstance(self._store, BlockStore) and len(frames) >= PARTED_FROM else [frames]
        outcomes = side_by_side(self._write, parts)
        is_quick = monotonic() - began_s < QUICK_S
        for part, outcome in zip(parts, outcomes, strict=True):
            if not isinstance(outcome, Written):
                # The other half may be written already: it is written again then, which changes nothing.
                self._wait_for_store(outcome)
                return 0
            self._backoff_s = BACKOFF_FIRST_S
            self._pass(part, outcome.refused)
        self._complaint.clear()
        self._group = min(2 * self._group, GROUP_LIMIT) if is_quick else max(1, self._group // 2)
        return 0

    def _write(self, frames: Sequence[Frame]) -> Outcome:
        """Hand frames to the store; any thread may."""
        if not isinstance(self._store, BlockStore):
            return self._store.write([self._deliveries.of(frame) for frame in frames])
        batch = BatchLines()
        blocks = [self._deliveries.block_of(frame, batch, self._store) for frame in frames]
        outcome = self._store.write_blocks([block for block in blocks if block is not None])
        if outcome is None:
            return self._store.write([self._deliveries.of(frame) for frame in frames])
        if not isinstance(outcome, Written):
            return outcome
        one_by_one = [frame for frame, block in zip(frames, blocks, strict=True) if block is None]
        return self._store.write([self._deliveries.of(frame) for frame in one_by_one]) if one_by_one else outcome

    def _wait_for_store(self, outcome: Away | Parked) -> None:
        match outcome:
            case Away(reason, retry_after_s):
                self._complaint.raise_(reason)
                wait_s = self._backoff_s if retry_after_s is None else retry_after_s
                self._backoff_s = min(2 * self._backoff_s, BACKOFF_LAST_S)
                # Perhaps it only takes long for what is much: after a while away it is asked for little.
                self._group = min(GROUP_FIRST, max(1, self._group // 2))
            case Parked(reason):
                self._complaint.raise_(f"{reason}; nothing is lost, but it needs a person")
                wait_s = PARKED_S
        self.rest(wait_s)

    def _pass(self, frames: Sequence[Frame], refused: Sequence[RefusedRecord]) -> None:
        by_seq = {frame.seq: frame for frame in frames}
        with self._journal.transaction(can_be_repeated=True) as transaction:
            for record in refused:
                if transaction.add_dead_letter(self._letter(by_seq[record.seq], record)):
                    transaction.count("records_dead", 1)
            transaction.save_cursor(self._store.name, frames[-1].seq)
            settled = transaction.settle(self._store_names)
        self._progress.move(self._store.name, frames[-1].seq)
        self._progress.move(SETTLED, settled)

    def _letter(self, frame: Frame, record: RefusedRecord) -> DeadLetter:
        return DeadLetter(
            at_ms=frame.received_at_ms,
            reason=record.reason,
            topic=topic(self._basin, frame.station, frame.kind),
            authenticated=frame.kind == DATA,
            payload=frame.payload,
            key_id=frame.key_id,
            seq=frame.seq,
            log_id=frame.log_id,
            record_no=record.record_no,
        )
