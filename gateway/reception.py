"""Takes messages from the broker into the journal, then acknowledges them."""

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic

from gateway.complaints import Complaint
from gateway.entries import ELSEWHERE, LOST, OVERWRITTEN, SETTLED
from gateway.ingest import Ingest
from gateway.journal import Journal
from gateway.judgements import Judgement, refused
from gateway.log_lines import fields
from gateway.mqtt import Arrival, Link
from gateway.progress import Progress
from gateway.room import Room
from gateway.transaction import Transaction
from gateway.windows import Windows
from gateway.worker import Worker

__all__ = ["REPLAY_LIMIT", "Reception"]

log = logging.getLogger(__name__)

GROUP_LIMIT = 500  # messages in one transaction: no message waits longer for its group than for the disk
REPLAY_LIMIT = 100  # dead letters tried again before what has arrived is taken
REPLAY_POLL_S = 2.0  # how soon a dead letter that someone asked to try again is tried
DISK_RETRY_S = 2.0
WHY_NOT = {
    LOST: "receipted, and in no store",
    OVERWRITTEN: "overwritten before they were sent",
    ELSEWHERE: "receipted, and in no store of this gateway: another one has them in its own, or they are lost",
}
HOLD_S = 0.5  # between looks whether there is room again


class Reception(Worker):
    """The only writer of windows: it judges, journals in groups, and acknowledges in the order received."""

    def __init__(
        self,
        link: Link,
        ingest: Ingest,
        windows: Windows,
        journal: Journal,
        progress: Progress,
        room: Room,
        on_hold: Callable[[], None],
        now_ms: Callable[[], int],
    ) -> None:
        super().__init__("reception")
        self._link = link
        self._ingest = ingest
        self._windows = windows
        self._journal = journal
        self._progress = progress
        self._room = room
        self._on_hold = on_hold
        self._now_ms = now_ms
        self._complaint = Complaint(log, f"journal {journal.path}", monotonic)
        self.handled = 0  # messages journalled and acknowledged since the start

    def judge_with(self, ingest: Ingest) -> None:
        """Go on with other stations; to be called between steps."""
        self._ingest = ingest

    @property
    def has_work(self) -> bool:
        """True while something has arrived that is not journalled and acknowledged."""
        return self.handled < self._link.arrived

    def step(self) -> float | None:
        if not self._room.look():
            # What has come is unacknowledged and bounded by the link; the broker keeps the rest.
            self._on_hold()
            self.rest(HOLD_S)
            return 0
        self._ingest.look_again()
        is_more_to_replay = self._replay()
        arrivals = self._link.take(GROUP_LIMIT)
        if not arrivals:
            return 0 if is_more_to_replay else REPLAY_POLL_S
        judgements = [self._judge(each) for each in arrivals]
        if self._write(judgements):
            self._link.acknowledge(arrivals)
            self.handled += len(arrivals)
        return 0

    def _judge(self, arrival: Arrival) -> Judgement:
        try:
            return self._ingest.judge(arrival.topic, arrival.payload, arrival.received_at_ms)
        except Exception as fault:
            # A fault of ours on one message must not cost the others of its group, nor be tried for ever.
            log.exception("a message on %s met a fault; it is kept as a dead letter", arrival.topic)
            return refused(f"fault: {fault!r}", arrival.topic, arrival.payload, arrival.received_at_ms)

    def _replay(self) -> bool:
        """Try again some of the dead letters that someone asked for; return whether there may be more."""
        letters = self._journal.dead_letters_to_replay(self._progress.cursor(SETTLED), REPLAY_LIMIT)
        judgements, failed = [], []
        for letter in letters:
            try:
                judgements.append(self._ingest.judge_again(letter, self._now_ms()))
            except Exception:
                log.exception("dead letter %d cannot be tried again; it stays as it is", letter.id)
                failed.append(letter.id)
        if judgements:
            self._write(judgements, replayed=[each.id for each in letters if each.id not in failed])
        if failed:
            with self._journal.transaction() as transaction:
                for letter_id in failed:
                    transaction.end_replay(letter_id)
        return len(letters) == REPLAY_LIMIT

    def _write(self, judgements: list[Judgement], replayed: Sequence[int] = ()) -> bool:
        """Journal all in one transaction, trying until it succeeds; False when stopped before."""
        changes = self._windows.take_changes()
        while not self.is_stopping:
            try:
                with self._journal.transaction() as transaction:
                    counts: Counter[str] = Counter()
                    for each in judgements:
                        _write_one(transaction, each, counts)
                    head = transaction.add_frames([each.frame for each in judgements if each.frame is not None])
                    for name, number in counts.items():
                        transaction.count(name, number)
                    transaction.save_runs(changes)
                    for letter_id in replayed:
                        transaction.drop_dead_letter(letter_id)
            except sqlite3.Error as error:
                self._complaint.raise_(f"{error}; nothing is acknowledged until it can be written")
                self.rest(DISK_RETRY_S)
                continue
            self._complaint.clear()
            _tell(judgements)
            self._progress.move_head(head, sum(each.answer is not None for each in judgements))
            return True
        return False


def _tell(judgements: Sequence[Judgement]) -> None:
    for judgement in judgements:
        if judgement.remark is not None:
            log.warning(judgement.remark)
        for each in judgement.written_off:
            told = fields(station=each.station, log_id=each.log_id, first_no=each.first_no, last_no=each.last_no)
            log.warning("records of %s will never come: %s", each.station, WHY_NOT[each.why], extra=told)
        if judgement.counts["queues_reformatted"] and judgement.queue is not None:
            station, log_id = judgement.queue
            told = fields(station=station, log_id=log_id)
            log.warning("the queue of %s was formatted anew", station, extra=told)


def _write_one(transaction: Transaction, judgement: Judgement, counts: Counter[str]) -> None:
    """Write down one judgement but for its frame, and its counts, which are added up."""
    for letter in judgement.dead_letters:
        transaction.add_dead_letter(letter)
    if judgement.answer is not None:
        transaction.add_outgoing(judgement.answer)
    if judgement.report is not None and not transaction.add_report(judgement.report):
        counts["messages_stale"] += 1
    transaction.write_off(judgement.written_off)
    if judgement.queue is not None and judgement.frame is not None:
        transaction.add_queue(*judgement.queue, judgement.frame.received_at_ms)
    for name, number in judgement.counts.items():
        counts[name] += number
