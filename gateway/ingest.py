"""What becomes of a message: decided here, written down and answered elsewhere.

The law this file keeps: every message gets exactly one judgement, whatever its bytes are, and
`messages_received = messages_decoded + messages_refused + messages_forged` over the counts of all judgements. No I/O
but key files; time is handed in.
"""

from collections.abc import Callable, Mapping, Sequence

from gateway.clock_watch import ClockWatch
from gateway.entries import DATA, SENML, DeadLetter, Outgoing
from gateway.judgements import Judgement, forged, located, quarantined, refused
from gateway.keys import KeyFileError, Keys
from gateway.losses import Losses
from gateway.plausibility import Plausibility
from gateway.quarantine import Quarantine
from gateway.record_intake import BeyondLimit, ChannelTwice, Origin, RecordIntake
from gateway.reports import REPORT_DECODERS, take_report
from gateway.senml_batches import PackRefused
from gateway.windows import Windows
from protocol import topics
from protocol.cose import Forged, Sealed, parse_sealed, seal, verify
from protocol.messages import DecodeError, Refused, encode_receipt
from protocol.topics import BadTopic, parse_topic
from protocol.variables import UnknownVariable
from rivergauge.basin import SenmlName

__all__ = ["LEAVES", "Hmac", "Ingest"]

# What the gateway subscribes to, for every station of its basin.
LEAVES = (DATA, SENML, *REPORT_DECODERS)

Hmac = Callable[[bytes, bytes], bytes]


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
        self._intake = RecordIntake(windows, losses, plausibility, clock_watch, quarantine)
        self._quarantine = quarantine
        self._hmac_sha256 = hmac_sha256
        self._places: dict[str, tuple[str, str, str]] = {}  # topics of the basin's stations, as parsed

    def look_again(self) -> None:
        """Have changed keys known from now on: to be called before each group of messages."""
        self._keys.look_again()

    def judge(self, topic: str, message: bytes, received_at_ms: int) -> Judgement:
        """Return what becomes of a message as it came from the broker."""
        judgement = self._judge(topic, message, received_at_ms)
        self._quarantine.keep_dead(judgement.dead_letters)
        return judgement

    def _judge(self, topic: str, message: bytes, received_at_ms: int) -> Judgement:
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
            return refused(located(error), topic, message, received_at_ms)
        except Forged as error:
            return forged(error.reason, topic, message, received_at_ms)
        except KeyFileError as error:
            return forged(str(error), topic, message, received_at_ms)
        excess = self._quarantine.add_message(station, received_at_ms)
        if excess is not None:
            return quarantined(excess, topic, message, received_at_ms, authenticated=True)
        try:
            if leaf == DATA:
                return self._intake.take_data(
                    Origin(DATA, station, topic, sealed.key_id), sealed.payload, received_at_ms
                )
            return take_report(station, leaf, sealed.payload, received_at_ms)
        except BeyondLimit as error:
            return quarantined(error.excess, topic, message, received_at_ms, authenticated=True)
        except (DecodeError, UnknownVariable, ChannelTwice) as error:
            reason = located(error) if isinstance(error, DecodeError) else str(error)
            excess = self._quarantine.refuse_dead(station, topic)
            if excess is None:
                judgement = refused(reason, topic, message, received_at_ms, authenticated=True)
            else:
                judgement = quarantined(excess, topic, message, received_at_ms, authenticated=True)
            if leaf == DATA:
                judgement.answer = self._refusal(station, keys[sealed.key_id], sealed, error)
            return judgement

    def judge_again(self, letter: DeadLetter, now_ms: int) -> Judgement:
        """Return what becomes of a dead letter tried again; what was counted for it before is taken back."""
        if letter.record_no is None or letter.log_id is None:
            judgement = self.judge(letter.topic, letter.payload, now_ms)
            judgement.counts["messages_received"] -= 1
            judgement.counts["messages_forged" if letter.forged else "messages_refused"] -= 1
            if judgement.counts["quarantined_dropped"]:
                # A person has asked for it: it stays, however much its station sends in this minute.
                judgement.counts["quarantined_dropped"] -= 1
                judgement.dead_letters.append(letter)
            return judgement
        _, station, leaf = parse_topic(letter.topic)
        origin = Origin(leaf, station, letter.topic, letter.key_id)
        return self._intake.take_again(origin, letter, letter.record_no, letter.log_id, now_ms)

    def _judge_senml(self, origin: Origin, message: bytes, received_at_ms: int) -> Judgement:
        excess = self._quarantine.add_message(origin.sender, received_at_ms)
        if excess is not None:
            return quarantined(excess, origin.topic, message, received_at_ms, authenticated=False)
        try:
            return self._intake.take_senml(origin, message, self._stations[origin.station], received_at_ms)
        except BeyondLimit as error:
            return quarantined(error.excess, origin.topic, message, received_at_ms, authenticated=False)
        except (DecodeError, PackRefused) as error:
            reason = located(error) if isinstance(error, DecodeError) else str(error)
            return refused(reason, origin.topic, message, received_at_ms)

    def _refusal(self, station: str, key: bytes, sealed: Sealed, error: Exception) -> Outgoing:
        topic = topics.topic(self._basin, station, "receipt")
        reason = error.reason if isinstance(error, DecodeError) else REASON_WORDS[type(error)]
        payload = encode_receipt(Refused(sealed.tag, reason))
        return Outgoing(topic, seal(payload, key, sealed.key_id, topic, self._hmac_sha256), False)


# What a station is told; its own decoder bounds the length.
REASON_WORDS: dict[type[Exception], str] = {UnknownVariable: "unknown-variable", ChannelTwice: "channel-twice"}
