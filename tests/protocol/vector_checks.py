# Shared dialect: runs on MicroPython and CPython.
"""The checks of one vector, the same under every interpreter. Each returns nothing, or raises AssertionError.

`load` returns a module of the protocol by its name, in the build that is being checked.
"""

import binascii
import hashlib

from tests.protocol import meaning

SENML_RECEIVED_AT_MS = 1_535_673_600_000  # what "now" is in the packs


def hmac_sha256(key, data):
    """Return HMAC-SHA-256 (RFC 2104) of a key of at most 64 bytes."""
    padded = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in padded]) + data).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in padded]) + inner).digest()


def check_valid(vector, load):
    """The payload means what the vector says, and saying that makes the same bytes."""
    messages = load("messages")
    payload = binascii.unhexlify(vector["hex"])
    found = meaning.decode(vector["leaf"], payload, messages)
    _equal(found, vector["meaning"])
    _equal(meaning.encode(vector["leaf"], vector["meaning"], messages), payload)


def check_prefixes(vector, load):
    """No message is the beginning of another: every prefix is refused."""
    payload = binascii.unhexlify(vector["hex"])
    for size in range(len(payload)):
        found = _error_of(vector["leaf"], payload[:size], load)
        if found is None:
            raise AssertionError(f"the first {size} bytes were taken for a message")


def check_satellite(vector, load):
    """The sealed message is shrunk and expanded to the same bytes, and no prefix of the short one is taken."""
    cose, satellite, messages = load("cose"), load("satellite"), load("messages")
    payload = binascii.unhexlify(vector["hex"])
    channels = [column.channel for column in messages.decode_data(payload).columns]
    profile = satellite.Profile(b"k1", 900, channels)
    sealed = cose.seal(payload, bytes(32), b"k1", "rg/1/b/s/data", hmac_sha256)
    short = satellite.shrink(sealed, profile)
    if len(short) >= len(sealed) - 12:
        raise AssertionError(f"{len(short)} bytes of {len(sealed)} are left")
    _equal(satellite.expand(short, profile), sealed)
    for size in range(len(short)):
        try:
            cose.open_sealed(satellite.expand(short[:size], profile), {b"k1": bytes(32)}, "rg/1/b/s/data", hmac_sha256)
        except (load("cbor").DecodeError, cose.Forged):
            continue
        raise AssertionError(f"the first {size} bytes were taken for a message")


def check_malformed(vector, load):
    """The payload is refused, for this reason and at this byte."""
    payload = binascii.unhexlify(vector["hex"])
    _equal(_error_of(vector["leaf"], payload, load), (vector["reason"], vector["offset"]))


def check_sealed(vector, load):
    """The message opens with its key on its topic, and sealing its payload makes the same bytes."""
    cose = load("cose")
    message = binascii.unhexlify(vector["hex"])
    key, key_id = binascii.unhexlify(vector["key"]), binascii.unhexlify(vector["key_id"])
    payload = binascii.unhexlify(vector["payload"])
    _equal(cose.open_sealed(message, {key_id: key}, vector["topic"], hmac_sha256), payload)
    _equal(cose.seal(payload, key, key_id, vector["topic"], hmac_sha256, vector["tag_bytes"]), message)
    for size in range(len(message)):
        if _error_of_sealed(message[:size], {}, "", load)[0] == "unknown-key":
            raise AssertionError(f"the first {size} bytes were taken for a message")


def check_malformed_sealed(vector, load):
    """The message is refused: not a COSE_Mac0 at this byte, or (offset null) forged for this reason."""
    keys = {binascii.unhexlify(vector["key_id"]): binascii.unhexlify(vector["key"])}
    found = _error_of_sealed(binascii.unhexlify(vector["hex"]), keys, vector["topic"], load)
    _equal(found, (vector["reason"], vector["offset"]))


def check_senml(vector, load):
    """The pack means what the vector says."""
    found = [_from_measurement(each) for each in _measurements(vector["hex"], load)]
    _equal(found, vector["meaning"])


def check_senml_prefixes(vector, load):
    """No pack is the beginning of another."""
    for end in range(0, len(vector["hex"]), 2):
        if _error_of_senml(vector["hex"][:end], load) is None:
            raise AssertionError(f"the first {end // 2} bytes were taken for a pack")


def check_malformed_senml(vector, load):
    """The pack is refused, for this reason and at this byte."""
    _equal(_error_of_senml(vector["hex"], load), (vector["reason"], vector["offset"]))


# The file of vectors -> the checks each of its vectors must pass.
CHECKS = {
    "valid_data": (check_valid, check_prefixes, check_satellite),
    "valid_control": (check_valid, check_prefixes),
    "malformed_data": (check_malformed,),
    "malformed_control": (check_malformed,),
    "sealed": (check_sealed,),
    "malformed_sealed": (check_malformed_sealed,),
    "senml": (check_senml, check_senml_prefixes),
    "malformed_senml": (check_malformed_senml,),
}


def _error_of(leaf, payload, load):
    try:
        meaning.decode(leaf, payload, load("messages"))
    except load("cbor").DecodeError as error:
        return error.reason, error.offset
    return None


def _error_of_sealed(message, keys, topic, load):
    cose = load("cose")
    try:
        cose.open_sealed(message, keys, topic, hmac_sha256)
    except cose.Forged as error:
        return error.reason, None
    except load("cbor").DecodeError as error:
        return error.reason, error.offset
    return "opened", None


def _measurements(text, load):
    return load("senml").decode_senml(binascii.unhexlify(text), SENML_RECEIVED_AT_MS)


def _error_of_senml(text, load):
    try:
        _measurements(text, load)
    except load("cbor").DecodeError as error:
        return error.reason, error.offset
    return None


def _from_measurement(found):
    value = found.value
    if isinstance(value, bytes):
        value = {"hex": binascii.hexlify(value).decode()}
    return {
        "name": found.name,
        "unit": found.unit,
        "value": value,
        "at_ms": found.at_ms,
        "is_dated": found.is_dated,
        "sum": found.sum,
        "update_s": found.update_s,
    }


def _equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}\nexpected {expected!r}")
