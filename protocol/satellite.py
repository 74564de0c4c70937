# Shared dialect: runs on MicroPython and CPython.
"""Data messages for links that are billed by 50 bytes and name the station themselves.

What the gateway knows of the station beforehand is left out of the sealed message and put back on the other side, byte
for byte: the envelope, kind and version, the step of regular times, and the channels. So the tag is the same, and is
verified as for any message.
"""

from .batch import COLUMNS_LIMIT, TIME_LIMIT_MS, UINT32_LIMIT, Channel
from .cbor import DecodeError, EncodeError, Reader, Writer
from .cose import assemble, parse_sealed
from .kinds import DATA, DATA_ITEMS, MILLISECONDS, SECONDS, begin, begin_writing

_CHANNEL_ITEMS = 5
_VALUE_ITEMS = 2  # of a column behind its channel; one more where it has exceptions
_INTEGERS_BEFORE = 6  # from log_id to receipted
_DEPTH_LIMIT = 3


class Profile:
    """What is known beforehand: the station's key id, its usual step, its channels in their order, its size of tags."""

    __slots__ = ("channels", "key_id", "step_s", "tag_bytes")

    def __init__(self, key_id: bytes, step_s: int, channels: list[Channel], tag_bytes: int = 8) -> None:
        self.key_id = key_id
        self.step_s = step_s
        self.channels = channels
        self.tag_bytes = tag_bytes


def shrink(message: bytes, profile: Profile) -> bytes:
    """Return a sealed data message without what the profile knows, or raise EncodeError where they differ."""
    sealed = parse_sealed(message)
    if sealed.key_id != profile.key_id or len(sealed.tag) != profile.tag_bytes:
        raise EncodeError("key id %r, tag of %d bytes: expected the profile's" % (sealed.key_id, len(sealed.tag)))
    reader = begin(sealed.payload, DATA, DATA_ITEMS)
    start = reader.position
    _skip_to_times(reader)
    parts = [sealed.payload[start : reader.position], _short_times(reader, profile.step_s)]
    if reader.take_array(1, COLUMNS_LIMIT) != len(profile.channels):
        raise EncodeError("expected the %d channels of the profile" % len(profile.channels))
    for channel in profile.channels:
        items = reader.take_array(_CHANNEL_ITEMS + _VALUE_ITEMS, _CHANNEL_ITEMS + _VALUE_ITEMS + 1) - _CHANNEL_ITEMS
        start = reader.position
        for _ in range(_CHANNEL_ITEMS):
            _skip(reader, 0)
        if sealed.payload[start : reader.position] != _channel_bytes(channel):
            raise EncodeError("expected the channels of the profile")
        start = reader.position
        for _ in range(items):
            _skip(reader, 0)
        parts.append(_array_head(items) + sealed.payload[start : reader.position])
    reader.finish()
    return b"".join(parts) + sealed.tag


def expand(short: bytes, profile: Profile) -> bytes:
    """Return the sealed message again, or raise DecodeError; it is yet to be opened with the station's key."""
    end = len(short) - profile.tag_bytes
    if end < 0:
        raise DecodeError("truncated", len(short))
    reader = Reader(short, 0, end)
    _skip_to_times(reader)
    parts = [short[: reader.position], _long_times(reader, profile.step_s), _array_head(len(profile.channels))]
    for channel in profile.channels:
        items = reader.take_array(_VALUE_ITEMS, _VALUE_ITEMS + 1)
        start = reader.position
        for _ in range(items):
            _skip(reader, 0)
        parts.append(_array_head(_CHANNEL_ITEMS + items) + _channel_bytes(channel) + short[start : reader.position])
    reader.finish()
    kind = begin_writing(bytearray(8), DATA, DATA_ITEMS)
    payload = bytes(kind.buffer[: kind.position]) + b"".join(parts)
    return assemble(profile.key_id, payload, short[end:])


def _short_times(reader: Reader, step_s: int) -> bytes:
    """Take the times of a message and return what is sent of them: the base alone where the step is the usual one."""
    start = reader.position
    reader.take_array(4, 4)
    is_seconds = reader.take_int(MILLISECONDS, SECONDS) == SECONDS
    base_at = reader.position
    reader.take_uint(0, TIME_LIMIT_MS)
    base = reader.data[base_at : reader.position]
    step = reader.take_uint(0, TIME_LIMIT_MS)
    deviations = reader.skip_bytes(0, 0xFFFF)
    if is_seconds and step == step_s and deviations == 0:
        return base
    return reader.data[start : reader.position]


def _long_times(reader: Reader, step_s: int) -> bytes:
    """Take the times as they were sent and return them as they are in a message."""
    start = reader.position
    is_base = reader.next_major() == 0
    _skip(reader, 0)
    sent = reader.data[start : reader.position]
    if not is_base:
        return sent
    tail = Writer(bytearray(16))
    tail.put_int(step_s)
    tail.put_bytes(b"")
    return _array_head(4) + bytes([SECONDS]) + sent + bytes(tail.buffer[: tail.position])


def _skip_to_times(reader: Reader) -> None:
    """Step over what comes between the version and the times."""
    for _ in range(_INTEGERS_BEFORE):
        reader.take_int(-UINT32_LIMIT, UINT32_LIMIT)
    _skip(reader, 0)  # circumstances


def _skip(reader: Reader, depth: int) -> None:
    """Step over one item of those a data message is made of."""
    if depth > _DEPTH_LIMIT:
        raise DecodeError("too-deep", reader.position)
    major = reader.next_major()
    if major < 2:
        reader.take_int(-0x7FFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF)
    elif major == 2:
        reader.skip_bytes(0, 0xFFFF)
    elif major == 4:
        for _ in range(reader.take_array(0, 0xFFFF)):
            _skip(reader, depth + 1)
    elif major == 5:
        for _ in range(2 * reader.take_map(0, 0xFF)):
            _skip(reader, depth + 1)
    elif not reader.take_null():
        reader.take_true()


def _array_head(items: int) -> bytes:
    writer = Writer(bytearray(8))
    writer.put_array(items)
    return bytes(writer.buffer[: writer.position])


def _channel_bytes(channel: Channel) -> bytes:
    writer = Writer(bytearray(32))
    for number in channel.key():
        writer.put_int(number)
    return bytes(writer.buffer[: writer.position])
