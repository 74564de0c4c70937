"""Which records of a message are taken, and what else the message says of its station's queue.

The law this file keeps: `records_received = fresh + records_duplicate + records_dead` over the counts of judgements,
and a message that is not taken has changed nothing. No I/O; time is handed in.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from gateway.clock_watch import ClockWatch
from gateway.entries import DATA, DeadLetter, Frame
from gateway.judgements import Judgement
from gateway.losses import Losses
from gateway.plausibility import Plausibility
from gateway.quarantine import Excess, Quarantine
from gateway.records import Head, decode_records, read_head
from gateway.senml_batches import read_pack
from gateway.windows import Windows
from protocol.batch import UINT32_LIMIT
from protocol.data_reader import DataReader
from protocol.messages import Batch
from rivergauge.basin import SenmlName

__all__ = ["PACKS_REMEMBERED", "BeyondLimit", "ChannelTwice", "Origin", "RecordIntake"]

# SenML packs by station whose repetition is known as such. A pack repeated later still is refused by a store that has
# its instants; without a limit anyone who may write to the topic could fill the memory.
PACKS_REMEMBERED = 1000


class Origin(NamedTuple):
    """Where records came from; `kind` is DATA or SENML, the leaf of the topic."""

    kind: str
    station: str
    topic: str
    key_id: bytes = b""

    @property
    def sender(self) -> str:
        """Who is counted: a station, but for what anyone may have sent in its name."""
        return self.station if self.kind == DATA else self.topic


class ChannelTwice(ValueError):
    """Two columns of a batch would be stored under one name."""

    def __init__(self) -> None:
        super().__init__("channel-twice: two columns of one sensor, variable and statistic")


class BeyondLimit(Exception):
    """A station is beyond one of its limits, by the message in hand."""

    def __init__(self, excess: Excess) -> None:
        super().__init__(excess.reason)
        self.excess = excess


class RecordIntake:
    """`windows` remembers which records were admitted; the caller of the judgements writes its changes down."""

    def __init__(
        self,
        windows: Windows,
        losses: Losses,
        plausibility: Plausibility,
        clock_watch: ClockWatch,
        quarantine: Quarantine,
    ) -> None:
        self._windows = windows
        self._losses = losses
        self._plausibility = plausibility
        self._clock_watch = clock_watch
        self._quarantine = quarantine
        self._reader = DataReader()

    def take_data(self, origin: Origin, payload: bytes, received_at_ms: int) -> Judgement:
        """Take a batch; raise DecodeError, UnknownVariable, ChannelTwice or BeyondLimit, and nothing is changed."""
        batch, names = read_head(self._reader, payload)
        if len(set(names)) < len(names):
            raise ChannelTwice
        self._count_records(origin.sender, len(batch.times_ms))
        excess = self._quarantine.refuse_growth(origin.sender, received_at_ms)
        if excess is not None:
            raise BeyondLimit(excess)
        self._refuse_dead(origin, batch)
        # Before the records are admitted: what a store has already must be known by then.
        written_off = self._losses.account(origin.station, batch)
        window = self._windows.window(origin.station, batch.log_id)
        runs = len(window.runs)
        judgement = self._take_records(origin, payload, batch, received_at_ms)
        judgement.written_off = written_off
        self._clock_watch.note(origin.station, batch.times_ms[-1], received_at_ms)
        is_reformatted = self._losses.begin(origin.station, batch.log_id)
        if is_reformatted is not None:
            judgement.queue = (origin.station, batch.log_id)
            judgement.counts["queues_reformatted"] = int(is_reformatted)
        grown = len(window.runs) - runs + len(written_off)
        self._quarantine.add_growth(origin.sender, grown, is_new_log=is_reformatted is not None)
        return judgement

    def take_senml(self, origin: Origin, message: bytes, names: Sequence[SenmlName], received_at_ms: int) -> Judgement:
        """Take a pack of another maker's logger; raise DecodeError, PackRefused or BeyondLimit."""
        log_id, payload = read_pack(message, received_at_ms, names)
        batch = decode_records(payload, log_id)
        self._count_records(origin.sender, len(batch.times_ms))
        judgement = self._take_records(origin, payload, batch, received_at_ms)
        self._windows.keep_newest(origin.station, UINT32_LIMIT, PACKS_REMEMBERED)
        return judgement

    def take_again(self, origin: Origin, letter: DeadLetter, record_no: int, log_id: int, now_ms: int) -> Judgement:
        """Return what becomes of one record that is a dead letter."""
        batch = decode_records(letter.payload, log_id)
        judgement = Judgement(Counter(records_dead=-1))
        if letter.seq is None:
            self._windows.forget(origin.station, batch.log_id, record_no)
            self._admit(judgement, origin, letter.payload, batch, now_ms, record_no)
        else:
            # A store refused it after it was admitted: its name is taken already, only the store has to try again.
            fresh = (record_no - batch.first_record_no,)
            judgement.frame = _frame(origin, letter.payload, batch, fresh, now_ms)
        return judgement

    def _take_records(self, origin: Origin, payload: bytes, batch: Batch | Head, received_at_ms: int) -> Judgement:
        counts = {"messages_received": 1, "messages_decoded": 1, "records_received": len(batch.times_ms)}
        judgement = Judgement(Counter(counts))
        self._admit(judgement, origin, payload, batch, received_at_ms, None)
        return judgement

    def _admit(
        self, judgement: Judgement, origin: Origin, payload: bytes, batch: Batch | Head,
        received_at_ms: int, only_record_no: int | None,
    ) -> None:  # fmt: skip
        first_no, times_ms = batch.first_record_no, batch.times_ms
        skipped = 0
        if only_record_no is not None:
            skipped = only_record_no - first_no
            first_no, times_ms = only_record_no, times_ms[skipped : skipped + 1]
        admission = self._windows.admit(origin.station, batch.log_id, first_no, times_ms)
        if admission.duplicates:
            judgement.counts["records_duplicate"] += admission.duplicates
        if admission.dead:
            judgement.counts["records_dead"] += len(admission.dead)
        judgement.dead_letters += [
            DeadLetter(
                received_at_ms,
                reason,
                origin.topic,
                origin.kind == DATA,
                payload,
                origin.key_id,
                log_id=batch.log_id,
                record_no=first_no + index,
            )
            for index, reason in admission.dead
        ]
        fresh = admission.fresh if skipped == 0 else tuple(index + skipped for index in admission.fresh)
        doubts = self._plausibility.doubts(origin.station, batch.times_ms, received_at_ms)
        if doubts:
            judgement.counts["records_time_doubted"] += len({index for index, _ in doubts}.intersection(fresh))
        judgement.frame = _frame(origin, payload, batch, fresh, received_at_ms)

    def _refuse_dead(self, origin: Origin, batch: Head) -> None:
        """Leave a batch with dead records to its station where that has filled its room for dead letters."""
        excess = self._quarantine.refuse_dead(origin.sender, origin.topic)
        if excess is not None and self._windows.has_objection(
            origin.station, batch.log_id, batch.first_record_no, batch.times_ms
        ):
            raise BeyondLimit(excess)

    def _count_records(self, sender: str, count: int) -> None:
        excess = self._quarantine.add_records(sender, count)
        if excess is not None:
            raise BeyondLimit(excess)


def _frame(origin: Origin, payload: bytes, batch: Batch | Head, fresh: tuple[int, ...], received_at_ms: int) -> Frame:
    last_no = batch.first_record_no + len(batch.times_ms) - 1
    # Without fresh records or gaps the frame is only there to be receipted.
    kept = payload if fresh or batch.gaps else b""
    return Frame(
        origin.kind, origin.station, received_at_ms, origin.key_id, batch.log_id, batch.first_record_no, last_no,
        fresh, kept,
    )  # fmt: skip
