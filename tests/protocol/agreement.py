"""What every decoder must agree on, whatever the bytes are: raises AssertionError with the bytes where one does not."""

import hmac

import cbor2

from tests.protocol import meaning
from tests.protocol.builds import BUILDS
from tests.protocol.reader_from_the_guide import read_data

__all__ = ["KEY", "KEY_ID", "TOPIC", "agreed_meaning", "agreed_payload"]

KEY, KEY_ID, TOPIC = bytes(range(32)), b"uchkurgan-1", "rg/1/syr-darya/uchkurgan/data"


def agreed_meaning(leaf: str, payload: bytes) -> object:
    """Return the meaning of a payload, the same in both builds and to cbor2, or why and where both refuse it."""
    found = _meaning("compiled", leaf, payload)
    assert found == _meaning("pure", leaf, payload), payload.hex()
    if isinstance(found, dict):
        # What cbor2 refuses raises here.
        assert leaf != "data" or read_data(payload) == found, payload.hex()
        assert leaf == "data" or isinstance(cbor2.loads(payload), list), payload.hex()
    return found


def agreed_payload(message: bytes) -> object:
    """Return the payload of a sealed message, the same in both builds, or why both refuse it."""
    found = _payload("compiled", message)
    assert found == _payload("pure", message), message.hex()
    return found


def _meaning(build: str, leaf: str, payload: bytes) -> object:
    messages = BUILDS[build]("messages")
    try:
        return meaning.decode(leaf, payload, messages)
    except messages.DecodeError as error:
        return error.reason, error.offset


def _payload(build: str, message: bytes) -> object:
    cose = BUILDS[build]("cose")
    try:
        return cose.open_sealed(message, {KEY_ID: KEY}, TOPIC, _hmac_sha256)
    except cose.Forged as error:
        return error.reason
    except BUILDS[build]("cbor").DecodeError as error:
        return error.reason, error.offset


def _hmac_sha256(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")
