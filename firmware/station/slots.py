# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The bytes of the record queue on flash: block headers and record slots, each with its CRC-32.

The law this file keeps: bytes that do not carry a right CRC are nothing, and what is written later into a header or
slot (a date, a mark) only clears bits that were left at 1 for it.

    block   [ header 128 bytes ][ slot 64 ][ slot 64 ] ...            all little-endian
    header  magic crc | sequence log_id first_record_no configuration_no channel_count lost_first lost_last channels |
            ... gap_told freed
    slot    crc | record_no boot_no flags value_count monotonic_ms values[9] | date | receipted set_aside
    date    utc_ms in 42 bits, six bits for the quality of the clock that said it, check
"""

import binascii
import struct

HEADER_BYTES = 128
SLOT_BYTES = 64
MAX_VALUES = 9
VALUE_BYTES = 4

# Marks: 0xFF until set. A mark torn by a power cut counts as set: it was begun because its fact was already true.
GAP_TOLD_AT = 126
FREED_AT = 127
RECEIPTED_AT = 62
SET_ASIDE_AT = 63
MARK = b"\x00"

FLAG_TEST = 0x01
FLAG_DATED_WHEN_WRITTEN = 0x02

_MAGIC = b"RGQ1"
_HEADER = "<IIIHBII"
_HEADER_AT = 8
_CHANNELS_AT = _HEADER_AT + struct.calcsize(_HEADER)
_CHANNEL = "<BBBbI"
_CHANNEL_BYTES = 8
_RECORD = "<IHBBIH"
_RECORD_AT = 4
_VALUES_AT = _RECORD_AT + struct.calcsize(_RECORD)
_DATE_AT = _VALUES_AT + VALUE_BYTES * MAX_VALUES
_DATE_BYTES = 8
_HIGH_BITS = 10  # of the time, above its lower 32
_HIGH_MASK = (1 << _HIGH_BITS) - 1
DATE_LIMIT_MS = 1 << 32 + _HIGH_BITS  # in the year 2109
_BLANK_DATE = b"\xff" * _DATE_BYTES
_BLANK_SLOT = b"\xff" * SLOT_BYTES

MISSING = 9  # as protocol.quality.MISSING; the mantissa then holds the reason
MANTISSA_MAX = (1 << 27) - 1


class Header:
    """What one block says of itself: its place in the ring, and how the records in it are to be read.

    `channels` are (sensor_no, variable, statistic, exponent, interval_s) in the order of a record's values.
    `lost_first` to `lost_last` were overwritten unsent when the block was entered; 0 to 0 when none was.
    """

    __slots__ = (
        "channels",
        "configuration_no",
        "first_record_no",
        "is_freed",
        "is_gap_told",
        "log_id",
        "lost_first",
        "lost_last",
        "sequence",
    )


class Record:
    """One instant; `utc_ms` is None while it is undated. `clock_quality` says what the date is worth.

    The values stay packed until they are asked for: a backlog of a hundred records has to fit into a small heap.
    """

    __slots__ = (
        "boot_no",
        "clock_quality",
        "is_receipted",
        "is_set_aside",
        "is_test",
        "monotonic_ms",
        "packed_values",
        "record_no",
        "utc_ms",
    )

    @property
    def values(self):
        """Return (mantissa, quality), or (None, reason), of each channel."""
        return decode_values(self.packed_values, 0, len(self.packed_values) // VALUE_BYTES)


def encode_header(sequence, log_id, first_record_no, configuration_no, channels, lost_first, lost_last):
    """Return the 126 bytes of a header; its two marks stay blank behind them."""
    if len(channels) > MAX_VALUES:
        raise ValueError("a record holds at most %d values, found %d channels" % (MAX_VALUES, len(channels)))
    buffer = bytearray(b"\xff" * GAP_TOLD_AT)
    buffer[0:4] = _MAGIC
    struct.pack_into(
        _HEADER,
        buffer,
        _HEADER_AT,
        sequence,
        log_id,
        first_record_no,
        configuration_no,
        len(channels),
        lost_first,
        lost_last,
    )
    for index, channel in enumerate(channels):
        struct.pack_into(_CHANNEL, buffer, _CHANNELS_AT + index * _CHANNEL_BYTES, *channel)
    struct.pack_into("<I", buffer, 4, binascii.crc32(memoryview(buffer)[_HEADER_AT:]))
    return buffer


def decode_header(buffer):
    """Return the Header in 128 bytes, or None where there is none."""
    if bytes(buffer[0:4]) != _MAGIC:
        return None
    if struct.unpack_from("<I", buffer, 4)[0] != binascii.crc32(memoryview(buffer)[_HEADER_AT:GAP_TOLD_AT]):
        return None
    header = Header()
    (
        header.sequence,
        header.log_id,
        header.first_record_no,
        header.configuration_no,
        channel_count,
        header.lost_first,
        header.lost_last,
    ) = struct.unpack_from(_HEADER, buffer, _HEADER_AT)
    header.channels = [
        struct.unpack_from(_CHANNEL, buffer, _CHANNELS_AT + index * _CHANNEL_BYTES) for index in range(channel_count)
    ]
    header.is_gap_told = buffer[GAP_TOLD_AT] != 0xFF
    header.is_freed = buffer[FREED_AT] != 0xFF
    return header


def encode_record(record_no, boot_no, monotonic_ms, utc_ms, values, is_test, clock_quality=0):
    """Return the 64 bytes of a slot."""
    buffer = bytearray(_BLANK_SLOT)
    flags = (FLAG_TEST if is_test else 0) | (FLAG_DATED_WHEN_WRITTEN if utc_ms is not None else 0)
    struct.pack_into(
        _RECORD,
        buffer,
        _RECORD_AT,
        record_no,
        boot_no,
        flags,
        len(values),
        monotonic_ms & 0xFFFFFFFF,
        monotonic_ms >> 32,
    )
    encode_values(values, buffer, _VALUES_AT)
    if utc_ms is not None:
        buffer[_DATE_AT : _DATE_AT + _DATE_BYTES] = encode_date(utc_ms, clock_quality)[1]
    struct.pack_into("<I", buffer, 0, _record_crc(buffer, flags))
    return buffer


def encode_date(utc_ms, clock_quality=0):
    """Return (offset in the slot, bytes) that date a record written without a clock."""
    date = struct.pack("<IH", utc_ms & 0xFFFFFFFF, utc_ms >> 32 | clock_quality << _HIGH_BITS)
    return _DATE_AT, date + struct.pack("<H", binascii.crc32(date) & 0xFFFF)


def decode_record(buffer):
    """Return the Record in a slot, or None where there is none (blank, torn or worn)."""
    flags = buffer[_RECORD_AT + 6]
    if struct.unpack_from("<I", buffer, 0)[0] != _record_crc(buffer, flags):
        return None
    record = Record()
    record.record_no, record.boot_no, flags, count, low, high = struct.unpack_from(_RECORD, buffer, _RECORD_AT)
    record.monotonic_ms = high << 32 | low
    record.is_test = bool(flags & FLAG_TEST)
    record.is_receipted = buffer[RECEIPTED_AT] != 0xFF
    record.is_set_aside = buffer[SET_ASIDE_AT] != 0xFF
    record.packed_values = bytes(buffer[_VALUES_AT : _VALUES_AT + VALUE_BYTES * count])
    record.utc_ms, record.clock_quality = _decode_date(bytes(buffer[_DATE_AT : _DATE_AT + _DATE_BYTES]))
    return record


def encode_values(values, buffer, at):
    """Put values into the buffer, VALUE_BYTES each."""
    for index, (mantissa, quality) in enumerate(values):
        if mantissa is None:
            word = quality << 4 | MISSING
        elif -MANTISSA_MAX <= mantissa <= MANTISSA_MAX:
            word = (mantissa << 4 | quality) & 0xFFFFFFFF
        else:
            raise ValueError("value %d is %d, at most %d fits" % (index, mantissa, MANTISSA_MAX))
        struct.pack_into("<I", buffer, at + VALUE_BYTES * index, word)


def decode_values(buffer, at, count):
    """Return the (mantissa, quality) or (None, reason) of as many values."""
    return [_decode_value(struct.unpack_from("<i", buffer, at + VALUE_BYTES * index)[0]) for index in range(count)]


def is_blank(buffer):
    """True for a slot that nothing was ever written to."""
    return bytes(buffer) == _BLANK_SLOT


def takes_date(buffer, date):
    """True for a slot whose date was never begun, or torn while this very one was written: bits only clear."""
    return all(there & wanted == wanted for there, wanted in zip(buffer[_DATE_AT : _DATE_AT + _DATE_BYTES], date))


def _record_crc(buffer, flags):
    # A date written with the record is part of it; one written later guards itself by its own check.
    end = _DATE_AT + _DATE_BYTES if flags & FLAG_DATED_WHEN_WRITTEN else _DATE_AT
    return binascii.crc32(memoryview(buffer)[_RECORD_AT:end])


def _decode_value(word):
    quality = word & 0x0F
    number = word >> 4
    return (None, number) if quality == MISSING else (number, quality)


def _decode_date(date):
    low, high, check = struct.unpack("<IHH", date)
    if date == _BLANK_DATE or check != binascii.crc32(date[0:6]) & 0xFFFF:
        return None, 0
    return (high & _HIGH_MASK) << 32 | low, high >> _HIGH_BITS
