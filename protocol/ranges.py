# Shared dialect: runs on MicroPython, on CPython, and compiled (ranges.pxd).
# cython: annotation_typing=False
"""Ranges of record numbers: [first, last, first, last ...], both ends included, rising and not touching."""

from .cbor import DecodeError, EncodeError, Reader, Writer

RECORD_NO_LIMIT = 0xFFFFFFFF


def put_ranges(writer: Writer, ranges: list[tuple[int, int]], limit: int) -> None:
    """Put 1 to `limit` ranges, or raise EncodeError."""
    if not 1 <= len(ranges) <= limit:
        raise EncodeError("%d ranges of records: expected 1 to %d" % (len(ranges), limit))
    writer.put_array(2 * len(ranges))
    low = 0
    for first, last in ranges:
        if not low <= first <= last <= RECORD_NO_LIMIT:
            raise EncodeError("records %r to %r: expected rising ranges that do not touch" % (first, last))
        writer.put_int(first)
        writer.put_int(last)
        low = last + 2


def take_ranges(reader: Reader, limit: int) -> list[tuple[int, int]]:
    """Take 1 to `limit` ranges, or raise DecodeError."""
    start = reader.position
    size = reader.take_array(2, 2 * limit)
    if size & 1:
        raise DecodeError("wrong-size", start)
    ranges = []
    low = 0
    for _ in range(size // 2):
        start = reader.position
        first = reader.take_uint(0, RECORD_NO_LIMIT)
        if first < low:
            raise DecodeError("not-ascending", start)
        last = reader.take_uint(first, RECORD_NO_LIMIT)
        ranges.append((first, last))
        low = last + 2
    return ranges
