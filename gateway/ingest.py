"""What becomes of a message: decided here, written down and answered elsewhere.

The law this file keeps: every message gets exactly one judgement, whatever its bytes are, and
`messages_received = messages_decoded + messages_refused + messages_forged` over the counts of all judgements,
`records_received = fresh + records_duplicate + records_dead`. No I/O but key files; time is handed in.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.clock_watch import ClockWatch
from gateway.entries import DATA, SENML, DeadLetter, Frame, Outgoing, Report, WrittenOff
from gateway.keys import KeyFileError, Keys
from gateway.losses import Losses
from gateway.plausibility import Plausibility
from gateway.quarantine import LETTERS_PER_MINUTE, Excess, Quarantine
from gateway.records import Head, decode_records, read_head
from gateway.senml_batches import PackRefused, read_pack
from gateway.windows import Windows
from protocol.batch import UINT32_LIMIT
from protocol.cose import Forged, Sealed, parse_sealed, seal, verify
from protocol.data_reader import DataReader
from protocol.messages import (
    Batch,
    Birth,
    DecodeError,
    Event,
    Refused,
    Reply,
    decode_birth,
    decode_event,
    decode_reply,
    encode_receipt,
)
from protocol.topics import BadTopic, parse_topic, receipt_topic
from protocol.variables import UnknownVariable
from rivergauge.basin import SenmlName

__all__ = ["LEAVES", "Ingest", "Judgement", "refused"]

REPORT_DECODERS: dict[str, Callable[[bytes], Birth | Event | Reply]] = {
    "birth": decode_birth,
    "event": decode_event,
    "reply": decode_reply,
}
# What the gateway subscribes to, for every station of its basin.
LEAVES = (DATA, SENML, *REPORT_DECODERS)

# SenML packs by station whose repetition is known as such. A pack repeated later still is refused by a store that has
# its instants; without a limit anyone who may write to the topic could fill the memory.
PACKS_REMEMBERED = 1000

Hmac = Callable[[bytes, bytes], bytes]


@dataclass(slots=True)
class Judgement:
    """What the journal has to take down for one message, in one transaction, before it is acknowledged."""

    counts: Counter[str] = field(default_factory=Counter)
    frame: Frame | None = None
    report: Report | None = None
    dead_letters: list[DeadLetter] = field(default_factory=list)
    answer: Outgoing | None = None
    written_off: list[WrittenOff] = field(default_factory=list)
    queue: tuple[str, int] | None = None  # (station, log id) where it is the first batch of a queue
    remark: str | None = None  # for people, to be logged when it is written


class Origin(NamedTuple):
    """Where records came from; `kind` is DATA or SENML, the leaf of the topic."""

    kind: str
    station: str
    topic: str
    key_id: bytes = b""


class Ingest:
    """Judges messages. `windows` remembers which records were admitted; the caller writes its changes down.

    `stations` has by its id what is taken, unauthenticated, of another maker's logger at a station.
    """

    def __init__(
        self,
        basin: str,
        stations: Mapping[str, Sequence[SenmlName]],
        keys: Keys,
        windows: Windows,
        losses: Losses,
        plausibility: Plausibility,
        clock_watch: ClockWatch,
        quarantine: Quarantine,
        hmac_sha256: Hmac,
    ) -> None:
        self._basin = basin
        self._stations = stations
        self._keys = keys
        self._windows = windows
        self._losses = losses
        self._plausibility = plausibility
        self._clock_watch = clock_watch
        self._quarantine = quarantine
        self._hmac_sha256 = hmac_sha256
        self._reader = DataReader()
        self._places: dict[str, tuple[str, str, str]] = {}  # topics of the basin's stations, as parsed

    def look_again(self) -> None:
        """Have changed keys known from now on: to be called before each group of messages."""
        self._keys.look_again()

    def judge(self, topic: str, message: bytes, received_at_ms: int) -> Judgement:
        """Return what becomes of a message as it came from the broker."""
        place = self._places.get(topic)
        if place is None:
            try:
                place = parse_topic(topic)
            except BadTopic:
                return refused("foreign-topic", topic, message, received_at_ms)
            basin, station, leaf = place
            if basin != self._basin or station not in self._stations:
                return refused("unknown-station", topic, message, received_at_ms)
            if leaf not in LEAVES:
                return refused("foreign-topic", topic, message, received_at_ms)
            self._places[topic] = place
        basin, station, leaf = place
        if leaf == SENML:
            return self._judge_senml(Origin(SENML, station, topic), message, received_at_ms)
        try:
            sealed = parse_sealed(message)
            keys = self._keys.of(basin, station)
            verify(sealed, keys, topic, self._hmac_sha256)
        except DecodeError as error:
            return refused(_located(error), topic, message, received_at_ms)
        except Forged as error:
            return _forged(error.reason, topic, message, received_at_ms)
        except KeyFileError as error:
            return _forged(str(error), topic, message, received_at_ms)
        excess = self._quarantine.add_message(station, received_at_ms)
        if excess is not None:
            return _quarantined(excess, topic, message, received_at_ms, authenticated=True)
        try:
            if leaf == DATA:
                return self._take_data(Origin(DATA, station, topic, sealed.key_id), sealed.payload, received_at_ms)
            return _take_report(station, leaf, sealed.payload, received_at_ms)
        except TooManyRecords as error:
            return _quarantined(error.excess, topic, message, received_at_ms, authenticated=True)
        except (DecodeError, UnknownVariable, ChannelTwice) as error:
            reason = _located(error) if isinstance(error, DecodeError) else str(error)
            judgement = refused(reason, topic, message, received_at_ms, authenticated=True)
            if leaf == DATA:
                judgement.answer = self._refusal(station, keys[sealed.key_id], sealed, error)
            return judgement

    def judge_again(self, letter: DeadLetter, now_ms: int) -> Judgement:
        """Return what becomes of a dead letter tried again; what was counted for it before is taken back."""
        if letter.record_no is None or letter.log_id is None:
            judgement = self.judge(letter.topic, letter.payload, now_ms)
            judgement.counts["messages_received"] -= 1
            judgement.counts["messages_forged" if letter.forged else "messages_refused"] -= 1
            return judgement
        _, station, leaf = parse_topic(letter.topic)
        origin = Origin(leaf, station, letter.topic, letter.key_id)
        batch = decode_records(letter.payload, letter.log_id)
        judgement = Judgement(Counter(records_dead=-1))
        if letter.seq is None:
            self._windows.forget(station, batch.log_id, letter.record_no)
            self._admit(judgement, origin, letter.payload, batch, now_ms, letter.record_no)
        else:
            # A store refused it after it was admitted: its name is taken already, only the store has to try again.
            fresh = (letter.record_no - batch.first_record_no,)
            judgement.frame = _frame(origin, letter.payload, batch, fresh, now_ms)
        return judgement

    def _take_data(self, origin: Origin, payload: bytes, received_at_ms: int) -> Judgement:
        batch, names = read_head(self._reader, payload)
        if len(set(names)) < len(names):
            raise ChannelTwice
        self._count_records(origin.station, len(batch.times_ms))
        # Before the records are admitted: what a store has already must be known by then.
        written_off = self._losses.account(origin.station, batch)
        judgement = self._take_records(origin, payload, batch, received_at_ms)
        judgement.written_off = written_off
        self._clock_watch.note(origin.station, batch.times_ms[-1], received_at_ms)
        is_reformatted = self._losses.begin(origin.station, batch.log_id)
        if is_reformatted is not None:
            judgement.queue = (origin.station, batch.log_id)
            judgement.counts["queues_reformatted"] = int(is_reformatted)
        return judgement

    def _judge_senml(self, origin: Origin, message: bytes, received_at_ms: int) -> Judgement:
        excess = self._quarantine.add_message(origin.station, received_at_ms)
        if excess is not None:
            return _quarantined(excess, origin.topic, message, received_at_ms, authenticated=False)
        try:
            return self._take_senml(origin, message, received_at_ms)
        except TooManyRecords as error:
            return _quarantined(error.excess, origin.topic, message, received_at_ms, authenticated=False)
        except (DecodeError, PackRefused) as error:
            reason = _located(error) if isinstance(error, DecodeError) else str(error)
            return refused(reason, origin.topic, message, received_at_ms)

    def _take_senml(self, origin: Origin, message: bytes, received_at_ms: int) -> Judgement:
        log_id, payload = read_pack(message, received_at_ms, self._stations[origin.station])
        batch = decode_records(payload, log_id)
        self._count_records(origin.station, len(batch.times_ms))
        judgement = self._take_records(origin, payload, batch, received_at_ms)
        self._windows.keep_newest(origin.station, UINT32_LIMIT, PACKS_REMEMBERED)
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

    def _count_records(self, station: str, count: int) -> None:
        excess = self._quarantine.add_records(station, count)
        if excess is not None:
            raise TooManyRecords(excess)

    def _refusal(self, station: str, key: bytes, sealed: Sealed, error: Exception) -> Outgoing:
        topic = receipt_topic(self._basin, station)
        reason = error.reason if isinstance(error, DecodeError) else REASON_WORDS[type(error)]
        payload = encode_receipt(Refused(sealed.tag, reason))
        return Outgoing(topic, seal(payload, key, sealed.key_id, topic, self._hmac_sha256), False)


def refused(reason: str, topic: str, message: bytes, received_at_ms: int, authenticated: bool = False) -> Judgement:
    """Return the judgement of a message that is no message of ours, or that says what we cannot take."""
    letter = DeadLetter(received_at_ms, reason, topic, authenticated, message)
    return Judgement(Counter(messages_received=1, messages_refused=1), dead_letters=[letter])


class ChannelTwice(ValueError):
    """Two columns of a batch would be stored under one name."""

    def __init__(self) -> None:
        super().__init__("channel-twice: two columns of one sensor, variable and statistic")


class TooManyRecords(Exception):
    """A station is beyond its limit of records, by the message in hand."""

    def __init__(self, excess: Excess) -> None:
        super().__init__(excess.reason)
        self.excess = excess


# What a station is told; its own decoder bounds the length.
REASON_WORDS: dict[type[Exception], str] = {UnknownVariable: "unknown-variable", ChannelTwice: "channel-twice"}


def _frame(origin: Origin, payload: bytes, batch: Batch | Head, fresh: tuple[int, ...], received_at_ms: int) -> Frame:
    last_no = batch.first_record_no + len(batch.times_ms) - 1
    # Without fresh records or gaps the frame is only there to be receipted.
    kept = payload if fresh or batch.gaps else b""
    return Frame(
        origin.kind, origin.station, received_at_ms, origin.key_id, batch.log_id, batch.first_record_no, last_no,
        fresh, kept,
    )  # fmt: skip


def _take_report(station: str, leaf: str, payload: bytes, received_at_ms: int) -> Judgement:
    report = REPORT_DECODERS[leaf](payload)
    taken = Report(station, leaf, report.boot_no, report.message_no, received_at_ms, payload)
    return Judgement(Counter(messages_received=1, messages_decoded=1), report=taken)


def _quarantined(excess: Excess, topic: str, message: bytes, received_at_ms: int, authenticated: bool) -> Judgement:
    """Return the judgement of a message beyond its station's limit: kept to be looked at, or only counted."""
    judgement = refused(excess.reason, topic, message, received_at_ms, authenticated)
    judgement.counts["messages_quarantined"] = 1
    if excess.count > LETTERS_PER_MINUTE:
        judgement.dead_letters.clear()
        judgement.counts["quarantined_dropped"] = 1
    if excess.count == 1:
        judgement.remark = f"{topic}: {excess.reason}; it gets no receipt, so that the station keeps its records"
    return judgement


def _forged(reason: str, topic: str, message: bytes, received_at_ms: int) -> Judgement:
    letter = DeadLetter(received_at_ms, reason, topic, False, message, forged=True)
    return Judgement(Counter(messages_received=1, messages_forged=1), dead_letters=[letter])


def _located(error: DecodeError) -> str:
    return f"{error.reason} at byte {error.offset}"
