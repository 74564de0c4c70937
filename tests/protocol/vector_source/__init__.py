"""Where the vectors come from: `python -m tests.protocol.vector_source` writes protocol/vectors/*.json anew.

The reason of a malformed message is stated by hand; the byte at which it is noticed is the decoder's.
"""

import json
from collections.abc import Iterator

import cbor2

from tests.protocol import meaning
from tests.protocol.builds import load_pure
from tests.protocol.vector_source.items import array, dump
from tests.protocol.vector_source.malformed_control import MALFORMED_CONTROL
from tests.protocol.vector_source.malformed_data import MALFORMED_DATA
from tests.protocol.vector_source.sealed import KEY, MALFORMED_SEALED, SEALED_MESSAGES, TOPIC, digest, mac0
from tests.protocol.vector_source.senml import MALFORMED_SENML, RECEIVED_AT_MS, SENML
from tests.protocol.vector_source.valid import VALID_CONTROL, VALID_DATA

messages = load_pure("messages")
cose = load_pure("cose")
senml = load_pure("senml")

Vector = dict[str, object]


def valid(leaf: str, name: str, said: dict[str, object]) -> Vector:
    return {"name": name, "leaf": leaf, "hex": meaning.encode(leaf, said, messages).hex(), "meaning": said}


def malformed(leaf: str, name: str, payload: bytes, reason: str) -> Vector:
    """Return the vector, with the byte at which the decoder finds the stated reason."""
    try:
        meaning.decode(leaf, payload, messages)
    except messages.DecodeError as error:
        assert error.reason == reason, f"{leaf}, {name}: {error}, expected {reason}"
        return {"name": f"{leaf}: {name}", "leaf": leaf, "hex": payload.hex(), "reason": reason, "offset": error.offset}
    raise AssertionError(f"{leaf}, {name}: was taken for a message")


def sealed(name: str, key_id: bytes, topic: str, payload: bytes, tag_bytes: int) -> Vector:
    protected = cbor2.dumps({1: 4 if tag_bytes == 8 else 5, 4: key_id})
    message = b"\xd1" + array(dump(protected, {}, payload, mac0(protected, payload, topic, tag_bytes)))
    return {
        "name": name,
        "hex": message.hex(),
        "key": KEY.hex(),
        "key_id": key_id.hex(),
        "topic": topic,
        "payload": payload.hex(),
        "tag_bytes": tag_bytes,
    }


def malformed_sealed(name: str, message: bytes, reason: str) -> Vector:
    said = {"key": KEY.hex(), "key_id": b"uchkurgan-1".hex(), "topic": TOPIC}
    try:
        cose.open_sealed(message, {b"uchkurgan-1": KEY}, TOPIC, digest)
    except messages.DecodeError as error:
        assert error.reason == reason, f"{name}: {error}, expected {reason}"
        return {"name": name, "hex": message.hex(), "reason": reason, "offset": error.offset} | said
    except cose.Forged as error:
        assert error.reason == reason, f"{name}: {error}, expected {reason}"
        return {"name": name, "hex": message.hex(), "reason": reason, "offset": None} | said
    raise AssertionError(f"{name}: was opened")


def valid_senml(name: str, payload: bytes, said: list[dict[str, object]]) -> Vector:
    return {"name": name, "hex": payload.hex(), "received_at_ms": RECEIVED_AT_MS, "meaning": said}


def malformed_senml(name: str, payload: bytes, reason: str) -> Vector:
    try:
        senml.decode_senml(payload, RECEIVED_AT_MS)
    except messages.DecodeError as error:
        assert error.reason == reason, f"{name}: {error}, expected {reason}"
        return {"name": name, "hex": payload.hex(), "reason": reason, "offset": error.offset}
    raise AssertionError(f"{name}: was taken for a pack")


def groups() -> Iterator[tuple[str, list[Vector]]]:
    """Yield the name of each file and its vectors."""
    yield "valid_data", [valid("data", name, said) for name, said in VALID_DATA.items()]
    yield "valid_control", [valid(leaf, f"{leaf}: {name}", said) for (leaf, name), said in VALID_CONTROL.items()]
    yield "malformed_data", [malformed("data", *case) for case in MALFORMED_DATA]
    yield "malformed_control", [malformed(*case) for case in MALFORMED_CONTROL]
    yield "sealed", [sealed(*case) for case in SEALED_MESSAGES]
    yield "malformed_sealed", [malformed_sealed(*case) for case in MALFORMED_SEALED]
    yield "senml", [valid_senml(*case) for case in SENML]
    yield "malformed_senml", [malformed_senml(*case) for case in MALFORMED_SENML]


def text(vectors: list[Vector]) -> str:
    """Return the file: one vector a line."""
    return "[\n" + ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors) + "\n]\n"
