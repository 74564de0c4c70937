"""What the journal holds: frames, dead letters, reports and messages to send."""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

__all__ = [
    "ALL_FRESH",
    "COUNTS",
    "DATA",
    "ELSEWHERE",
    "FLAG",
    "LOST",
    "OVERWRITTEN",
    "SENML",
    "SETTLED",
    "DeadLetter",
    "Frame",
    "Outgoing",
    "Report",
    "WrittenOff",
    "whole",
]

# Kinds of frames; those with records are called as the leaf of the topic they came on.
DATA = "data"  # an authenticated batch of records; the payload is what the MAC protects
SENML = "senml"  # records of another maker's logger, in our encoding; owed no receipt
FLAG = "flag"  # a flag of ours on its way to the stores; the payload is JSON

ALL_FRESH = "all"  # how the journal says that every record of a frame is to be stored
SETTLED = "settled"  # the cursor behind which every record is stored or dead

# Why records will never come, as they are counted.
LOST = "lost_after_receipt"  # and yet in no store
OVERWRITTEN = "overwritten"  # by the station before they were sent
ELSEWHERE = "receipted_elsewhere"  # by another gateway, perhaps, and in no store of this one

# messages received = decoded + refused + forged; records received = stored + duplicate + dead + pending
COUNTS = (
    "messages_received", "messages_decoded", "messages_refused", "messages_forged", "messages_stale",
    # of those refused: beyond their station's limit, and how many of them were not kept
    "messages_quarantined", "quarantined_dropped",
    "strangers_dropped",
    "records_received", "records_stored", "records_duplicate", "records_dead", "records_pending",
    # of those received and not duplicate: of a time that cannot be true
    "records_time_doubted",
    # never received, or lost after they were: in neither sum
    "records_overwritten", "records_lost_after_receipt", "records_receipted_elsewhere", "queues_reformatted",
)  # fmt: skip


class Frame(NamedTuple):
    """One entry of the journal; `seq` is 0 until it is written."""

    kind: str
    station: str
    received_at_ms: int
    key_id: bytes
    log_id: int
    first_no: int
    last_no: int
    fresh: tuple[int, ...]
    payload: bytes
    seq: int = 0


@cache
def whole(count: int) -> tuple[int, ...]:
    """Return the indexes of every record of a batch."""
    return tuple(range(count))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one record of a message, that cannot be stored, kept with the reason."""

    at_ms: int
    reason: str
    topic: str
    authenticated: bool
    payload: bytes
    key_id: bytes = b""
    seq: int | None = None  # of the frame, where a store refused a record of it
    log_id: int | None = None
    record_no: int | None = None
    forged: bool = False
    id: int = 0


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """Records of a log that will never come, both ends included, and why: OVERWRITTEN, LOST or ELSEWHERE."""

    station: str
    log_id: int
    first_no: int
    last_no: int
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """A birth, event or reply of a station; (boot_no, message_no) rises strictly with every one of them."""

    station: str
    leaf: str
    boot_no: int
    message_no: int
    received_at_ms: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that the gateway owes to the broker."""

    topic: str
    payload: bytes
    retain: bool
    id: int = 0
