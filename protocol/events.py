# Shared dialect: runs on MicroPython and CPython.
"""Event: something that happened on a station."""

from .batch import UINT32_LIMIT
from .facts import (
    DETAIL_LIMIT,
    NAME_LIMIT,
    facts_size,
    put_facts,
    put_order,
    put_time_or_null,
    take_facts,
    take_time_or_null,
)
from .kinds import EVENT, begin, begin_writing

EVENT_ITEMS = 8


class Event:
    """Something that happened on a station; `facts` are numbers and short texts by name."""

    __slots__ = ("boot_no", "detail", "facts", "happened_at_ms", "message_no", "name")

    def __init__(
        self,
        boot_no: int,
        message_no: int,
        happened_at_ms: int | None,
        name: str,
        detail: str = "",
        facts: dict[str, int | str] | None = None,
    ) -> None:
        self.boot_no = boot_no
        self.message_no = message_no
        self.happened_at_ms = happened_at_ms
        self.name = name
        self.detail = detail
        self.facts = facts or {}


def encode_event(event: Event) -> bytes:
    """Return the message, or raise EncodeError."""
    buffer = bytearray(64 + NAME_LIMIT + len(event.detail) + facts_size(event.facts))
    writer = begin_writing(buffer, EVENT, EVENT_ITEMS)
    put_order(writer, event.boot_no, event.message_no)
    put_time_or_null(writer, event.happened_at_ms)
    writer.put_text(event.name, 1, NAME_LIMIT)
    writer.put_text(event.detail, 0, DETAIL_LIMIT)
    put_facts(writer, event.facts)
    return bytes(buffer[: writer.position])


def decode_event(payload: bytes) -> Event:
    """Return the event, or raise DecodeError."""
    reader = begin(payload, EVENT, EVENT_ITEMS)
    boot_no = reader.take_uint(0, UINT32_LIMIT)
    message_no = reader.take_uint(0, UINT32_LIMIT)
    happened_at_ms = take_time_or_null(reader)
    name = reader.take_text(1, NAME_LIMIT)
    detail = reader.take_text(0, DETAIL_LIMIT)
    facts = take_facts(reader)
    reader.finish()
    return Event(boot_no, message_no, happened_at_ms, name, detail, facts)
