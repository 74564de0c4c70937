"""What the journal has to take down for one message, and the judgements of messages that are not taken."""

from collections import Counter
from dataclasses import dataclass, field

from gateway.entries import DeadLetter, Frame, Outgoing, Report, WrittenOff
from gateway.quarantine import LETTERS_PER_MINUTE, Excess
from protocol.messages import DecodeError

__all__ = ["Judgement", "forged", "located", "quarantined", "refused"]


@dataclass(slots=True)
class Judgement:
    """Written in one transaction, before the message is acknowledged."""

    counts: Counter[str] = field(default_factory=Counter)
    frame: Frame | None = None
    report: Report | None = None
    dead_letters: list[DeadLetter] = field(default_factory=list)
    answer: Outgoing | None = None
    written_off: list[WrittenOff] = field(default_factory=list)
    queue: tuple[str, int] | None = None  # (station, log id) where it is the first batch of a queue
    remark: str | None = None  # for people, to be logged when it is written


def refused(reason: str, topic: str, message: bytes, received_at_ms: int, authenticated: bool = False) -> Judgement:
    """Return the judgement of a message that is no message of ours, or that says what we cannot take."""
    letter = DeadLetter(received_at_ms, reason, topic, authenticated, message)
    return Judgement(Counter(messages_received=1, messages_refused=1), dead_letters=[letter])


def quarantined(excess: Excess, topic: str, message: bytes, received_at_ms: int, authenticated: bool) -> Judgement:
    """Return the judgement of a message beyond its station's limit: kept to be looked at, or only counted."""
    judgement = refused(excess.reason, topic, message, received_at_ms, authenticated)
    judgement.counts["messages_quarantined"] = 1
    if excess.count > LETTERS_PER_MINUTE:
        judgement.dead_letters.clear()
        judgement.counts["quarantined_dropped"] = 1
    if excess.count == 1:
        judgement.remark = f"{topic}: {excess.reason}; it gets no receipt, so that the station keeps its records"
    return judgement


def forged(reason: str, topic: str, message: bytes, received_at_ms: int) -> Judgement:
    """Return the judgement of a message that nothing proves to be its station's."""
    letter = DeadLetter(received_at_ms, reason, topic, False, message, forged=True)
    return Judgement(Counter(messages_received=1, messages_forged=1), dead_letters=[letter])


def located(error: DecodeError) -> str:
    """Return what is wrong and where, for people."""
    return f"{error.reason} at byte {error.offset}"
