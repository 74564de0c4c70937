"""Births, events and replies: what a station tells beside its records."""

from collections import Counter
from collections.abc import Callable

from gateway.entries import Report
from gateway.judgements import Judgement
from protocol.messages import Birth, Event, Reply, decode_birth, decode_event, decode_reply

__all__ = ["REPORT_DECODERS", "take_report"]

REPORT_DECODERS: dict[str, Callable[[bytes], Birth | Event | Reply]] = {
    "birth": decode_birth,
    "event": decode_event,
    "reply": decode_reply,
}


def take_report(station: str, leaf: str, payload: bytes, received_at_ms: int) -> Judgement:
    """Return the judgement of a report that verifies; raise DecodeError."""
    report = REPORT_DECODERS[leaf](payload)
    taken = Report(station, leaf, report.boot_no, report.message_no, received_at_ms, payload)
    return Judgement(Counter(messages_received=1, messages_decoded=1), report=taken)
