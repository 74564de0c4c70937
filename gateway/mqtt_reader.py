"""MQTT packets out of what a socket gives: messages published to us are read here, all other packets handed on.

The law this file keeps: every byte leaves once, in the order it came. What is not a clean PUBLISH with QoS 0 or 1
leaves as the packet it stood in, for a client that knows what to do with it. No I/O.
"""

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["PacketReader", "Published"]

PUBLISH = 0x30  # the packet type in the upper half of a packet's first byte (MQTT 5, 2.1.2)
QOS_1, QOS_2 = 0x02, 0x04  # in the lower half of that of a PUBLISH (3.3.1.2)
MORE = 0x80  # in each byte of a length but its last
LENGTH_BYTES = 4  # of the longest length, a variable byte integer (1.5.5)


class Published(NamedTuple):
    """A PUBLISH; `packet_id` is 0 where nothing is to be acknowledged."""

    topic: bytes
    packet_id: int
    payload: bytes


class PacketReader:
    """Takes the bytes of one connection, however they are cut."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def packets(self, data: bytes) -> Iterator[Published | bytes]:
        """Yield each packet that is whole now; to be gone through to its end before the next call."""
        self._unread += data
        if _packet_bounds(self._unread, 0)[1] > len(self._unread):
            return  # before it is copied: a large packet comes in many pieces
        data = bytes(self._unread)
        start = 0
        body, end = _packet_bounds(data, start)
        while end <= len(data):
            yield _published(data, start, body, end) or data[start:end]
            start = end
            body, end = _packet_bounds(data, start)
        del self._unread[:start]


def _packet_bounds(data: bytes | bytearray, start: int) -> tuple[int, int]:
    """Return where the body of the packet begins and where it ends: behind `data` where not all of it is there.

    A length of more than four bytes is no MQTT: whatever there is then counts as one packet.
    """
    body, size = _length(data, start + 1)
    if size is not None:
        return body, body + size
    is_none = len(data) > start + LENGTH_BYTES
    return body, len(data) if is_none else len(data) + 1


def _length(data: bytes | bytearray, start: int) -> tuple[int, int | None]:
    """Return where a variable byte integer ends, and its value; None where it has no end."""
    size = 0
    for position in range(start, min(start + LENGTH_BYTES, len(data))):
        size |= (data[position] & ~MORE) << 7 * (position - start)
        if data[position] < MORE:
            return position + 1, size
    return start, None


def _published(data: bytes, start: int, body: int, end: int) -> Published | None:
    """Return the message of a clean PUBLISH (MQTT 5, 3.3), its properties left aside; None for anything else."""
    first = data[start]
    if first & 0xF0 != PUBLISH or first & QOS_2 or end < body + 2:
        return None
    topic = body + 2
    topic_end = topic + (data[body] << 8 | data[body + 1])
    properties = topic_end + 2 if first & QOS_1 else topic_end
    if properties >= end:
        return None
    payload, size = _length(data, properties)
    if size is None or payload + size > end:
        return None
    packet_id = data[topic_end] << 8 | data[topic_end + 1] if first & QOS_1 else 0
    return Published(data[topic:topic_end], packet_id, data[payload + size : end])
