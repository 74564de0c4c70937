# Shared dialect: runs on MicroPython, on CPython, and compiled (kinds.pxd).
# cython: annotation_typing=False
"""How every message begins: an array whose first items are its kind and the version of its layout."""

from .cbor import DecodeError, Reader, Writer

VERSION = 1

DATA = 1
BIRTH = 2
EVENT = 3
RECEIPT = 4
REFUSED = 5
COMMAND = 6
REPLY = 7

# A data message: its items, the units its times may have as powers of ten of a second, the keys of the map of its
# circumstances, and those of the map that may end a column.
DATA_ITEMS = 11
SECONDS, MILLISECONDS = 0, -3
DATA_GAPS, DATA_CLOCK, DATA_TEST = 1, 2, 3
COLUMN_NULLS, COLUMN_QUALITIES, COLUMN_RESETS = 1, 2, 3

ITEMS_LIMIT = 0xFFFF  # of a message of any version
MESSAGE_LIMIT = 65_536  # bytes of one payload


def kind_of(payload: bytes) -> int:
    """Return the kind a payload says it is, or raise DecodeError."""
    reader = Reader(payload)
    reader.take_array(1, ITEMS_LIMIT)
    return reader.take_uint(0, 0xFFFF)


def begin(payload: bytes, kind: int, items: int) -> Reader:
    """Return a Reader behind kind and version of a payload of `items` items, or raise DecodeError."""
    if len(payload) > MESSAGE_LIMIT:
        raise DecodeError("too-large", MESSAGE_LIMIT)
    reader = Reader(payload)
    found_items = reader.take_array(2, ITEMS_LIMIT)
    start = reader.position
    if reader.take_uint(0, 0xFFFF) != kind:
        raise DecodeError("wrong-kind", start)
    # The version comes before the number of items, which another version may have changed.
    start = reader.position
    if reader.take_uint(0, 0xFFFF) != VERSION:
        raise DecodeError("unknown-version", start)
    if found_items != items:
        raise DecodeError("wrong-size", 0)
    return reader


def begin_writing(buffer: bytearray, kind: int, items: int, start: int = 0) -> Writer:
    """Return a Writer behind kind and version of a message of `items` items."""
    writer = Writer(buffer, start)
    writer.put_array(items)
    writer.put_int(kind)
    writer.put_int(VERSION)
    return writer
