# Shared dialect: runs on MicroPython and CPython.
"""What a gateway answers to a data message: the records it has accounted for, or that it could not read the message."""

from .cbor import DecodeError, EncodeError, Reader
from .kinds import RECEIPT, REFUSED, begin, begin_writing, kind_of
from .ranges import put_ranges, take_ranges

RANGES_LIMIT = 64
REASON_LIMIT = 32
TAG_SIZES = (8, 32)


class Receipt:
    """Records of the log `log_id` that this gateway has accounted for: stored, duplicate or dead.

    `ranges` are (first, last) record numbers, rising and not touching.
    """

    __slots__ = ("log_id", "ranges")

    def __init__(self, log_id: int, ranges: list[tuple[int, int]]) -> None:
        self.log_id = log_id
        self.ranges = ranges


class Refused:
    """The message with this authentication tag verified but could not be decoded, for this reason."""

    __slots__ = ("reason", "tag")

    def __init__(self, tag: bytes, reason: str) -> None:
        self.tag = tag
        self.reason = reason


def encode_receipt(answer: Receipt | Refused) -> bytes:
    """Return the answer as a message, or raise EncodeError."""
    if isinstance(answer, Refused):
        return _encode_refused(answer)
    buffer = bytearray(16 + 10 * len(answer.ranges))
    writer = begin_writing(buffer, RECEIPT, 4)
    writer.put_uint(answer.log_id, 0xFFFFFFFF)
    put_ranges(writer, answer.ranges, RANGES_LIMIT)
    return bytes(buffer[: writer.position])


def decode_receipt(payload: bytes) -> Receipt | Refused:
    """Return the answer, or raise DecodeError."""
    if kind_of(payload) == REFUSED:
        return _decode_refused(begin(payload, REFUSED, 4))
    reader = begin(payload, RECEIPT, 4)
    log_id = reader.take_uint(0, 0xFFFFFFFF)
    ranges = take_ranges(reader, RANGES_LIMIT)
    reader.finish()
    return Receipt(log_id, ranges)


def _encode_refused(answer: Refused) -> bytes:
    if len(answer.tag) not in TAG_SIZES:
        raise EncodeError("a tag of %d bytes: expected 8 or 32" % len(answer.tag))
    buffer = bytearray(80)
    writer = begin_writing(buffer, REFUSED, 4)
    writer.put_bytes(answer.tag)
    writer.put_text(answer.reason, 1, REASON_LIMIT)
    return bytes(buffer[: writer.position])


def _decode_refused(reader: Reader) -> Refused:
    start = reader.position
    tag = reader.take_bytes(TAG_SIZES[0], TAG_SIZES[1])
    if len(tag) not in TAG_SIZES:
        raise DecodeError("wrong-size", start)
    reason = reader.take_text(1, REASON_LIMIT)
    reader.finish()
    return Refused(tag, reason)
