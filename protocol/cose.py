# Shared dialect: runs on MicroPython, on CPython, and compiled (cose.pxd).
# cython: annotation_typing=False
"""COSE_Mac0 (RFC 9052, section 6.2) around every message: who sent it, and on which topic.

The tag covers the UTF-8 topic as external AAD, so a message moved to another topic is a forgery. HMAC-SHA-256 is handed
in, as `hmac_sha256(key, data)` that returns 32 bytes: MicroPython has none in its library.
"""

from .cbor import DecodeError, EncodeError, Reader
from .kinds import MESSAGE_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Hmac = Callable[[bytes, bytes], bytes]

KEY_ID_LIMIT = 36  # a station's id and a number
SEALED_LIMIT = MESSAGE_LIMIT + 128  # bytes of a message on a topic

_COSE_MAC0 = 17
_ALGORITHM, _KEY_ID = 1, 4  # labels of the protected header
_TAG_BYTES = {4: 8, 5: 32}  # HMAC 256/64 and HMAC 256/256 (RFC 9053, table 3)
_ALGORITHMS = {8: 4, 32: 5}


class Forged(ValueError):
    """A well-formed message that does not verify; `reason` is "unknown-key" or "wrong-tag"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sealed:
    """The parts of a message, not yet verified; an item is a part with its head, as it stands in the message."""

    __slots__ = ("key_id", "payload", "payload_item", "protected_item", "tag")

    def __init__(self, protected_item: bytes, key_id: bytes, payload_item: bytes, payload: bytes, tag: bytes) -> None:
        self.protected_item = protected_item
        self.key_id = key_id
        self.payload_item = payload_item
        self.payload = payload
        self.tag = tag


def seal(payload: bytes, key: bytes, key_id: bytes, topic: str, hmac_sha256: "Hmac", tag_bytes: int = 8) -> bytes:
    """Return the payload as COSE_Mac0 for this topic, with a tag of 8 or 32 bytes."""
    protected_item = _byte_string(_protected(key_id, tag_bytes))
    tag = hmac_sha256(key, _authenticated(protected_item, topic, _byte_string(payload)))[:tag_bytes]
    return assemble(key_id, payload, tag)


def assemble(key_id: bytes, payload: bytes, tag: bytes) -> bytes:
    """Return the message of which these are the parts."""
    protected = _protected(key_id, len(tag))
    return b"\xd1\x84" + _byte_string(protected) + b"\xa0" + _byte_string(payload) + _byte_string(tag)


def parse_sealed(message: bytes) -> Sealed:
    """Return the parts of a COSE_Mac0 without verifying it, or raise DecodeError."""
    if len(message) > SEALED_LIMIT:
        raise DecodeError("too-large", SEALED_LIMIT)
    reader = Reader(message)
    reader.take_tag(_COSE_MAC0)
    reader.take_array(4, 4)
    start = reader.position
    size = reader.skip_bytes(1, 64)
    tag_bytes, key_id = _take_protected(Reader(message, reader.position - size, reader.position))
    protected_item = message[start : reader.position]
    reader.take_map(0, 0)
    start = reader.position
    payload = reader.take_bytes(1, MESSAGE_LIMIT)
    payload_item = message[start : reader.position]
    tag = reader.take_bytes(tag_bytes, tag_bytes)
    reader.finish()
    return Sealed(protected_item, key_id, payload_item, payload, tag)


def open_sealed(message: bytes, keys: "Mapping[bytes, bytes]", topic: str, hmac_sha256: "Hmac") -> bytes:
    """Return the payload of a message that verifies on this topic with one of `keys` (key by key id).

    Raises DecodeError for what is not a COSE_Mac0, and Forged for an unknown key id or a wrong tag.
    """
    sealed = parse_sealed(message)
    verify(sealed, keys, topic, hmac_sha256)
    return sealed.payload


def verify(sealed: Sealed, keys: "Mapping[bytes, bytes]", topic: str, hmac_sha256: "Hmac") -> None:
    """Raise Forged unless the tag is right for this topic."""
    key = keys.get(sealed.key_id)
    if key is None:
        raise Forged("unknown-key")
    expected = hmac_sha256(key, _authenticated(sealed.protected_item, topic, sealed.payload_item))
    difference = 0
    # Every byte is compared, so that the time taken does not tell how many were right.
    for index in range(len(sealed.tag)):
        difference |= expected[index] ^ sealed.tag[index]
    if difference:
        raise Forged("wrong-tag")


def _protected(key_id: bytes, tag_bytes: int) -> bytes:
    if tag_bytes not in _ALGORITHMS:
        raise EncodeError("a tag of %d bytes: expected 8 or 32" % tag_bytes)
    if not 1 <= len(key_id) <= KEY_ID_LIMIT:
        raise EncodeError("a key id of %d bytes: expected 1 to %d" % (len(key_id), KEY_ID_LIMIT))
    return b"\xa2\x01" + bytes([_ALGORITHMS[tag_bytes]]) + b"\x04" + _byte_string(key_id)


def _take_protected(reader: Reader) -> tuple[int, bytes]:
    """Return (tag size, key id) of {1: algorithm, 4: key id}."""
    reader.take_map(2, 2)
    start = reader.position
    if reader.take_uint(0, 0xFFFF) != _ALGORITHM:
        raise DecodeError("wrong-header", start)
    start = reader.position
    algorithm = reader.take_int(-0xFFFF, 0xFFFF)
    if algorithm not in _TAG_BYTES:
        raise DecodeError("unknown-algorithm", start)
    start = reader.position
    if reader.take_uint(0, 0xFFFF) != _KEY_ID:
        raise DecodeError("wrong-header", start)
    key_id = reader.take_bytes(1, KEY_ID_LIMIT)
    reader.finish()
    return _TAG_BYTES[algorithm], key_id


def _authenticated(protected_item: bytes, topic: str, payload_item: bytes) -> bytes:
    """Return the MAC_structure of RFC 9052, section 6.3."""
    return b"".join((b"\x84\x64MAC0", protected_item, _byte_string(topic.encode()), payload_item))


def _byte_string(data: bytes) -> bytes:
    """Return the CBOR of a byte string."""
    size = len(data)
    if size < 24:
        return (0x40 | size).to_bytes(1, "big") + data
    if size < 0x100:
        return (0x5800 | size).to_bytes(2, "big") + data
    if size < 0x10000:
        return (0x590000 | size).to_bytes(3, "big") + data
    return (0x5A00000000 | size).to_bytes(5, "big") + data
