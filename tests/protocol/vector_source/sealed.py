"""Sealed messages, valid and with one thing wrong; their tags are made by cbor2 and the standard library."""

import hmac

import cbor2

from tests.protocol.vector_source.items import array, dump, replaced
from tests.protocol.vector_source.malformed_control import EVENT, RECEIPT
from tests.protocol.vector_source.malformed_data import BASE, LOG, data

KEY = bytes(range(32))
TOPIC = "rg/1/syr-darya/uchkurgan/data"
PROTECTED = cbor2.dumps({1: 4, 4: b"uchkurgan-1"})


def digest(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def mac0(protected: bytes, payload: bytes, topic: str = TOPIC, tag_bytes: int = 8, key: bytes = KEY) -> bytes:
    """Return the tag of a MAC_structure, by cbor2 and the standard library."""
    return digest(key, cbor2.dumps(["MAC0", protected, topic.encode(), payload]))[:tag_bytes]


SEALED = dump(PROTECTED, {}, BASE, mac0(PROTECTED, BASE))
SEALED_MESSAGES = [
    ("data with a tag of 8 bytes", b"uchkurgan-1", TOPIC, BASE, 8),
    ("data with a tag of 32 bytes", b"uchkurgan-1", TOPIC, BASE, 32),
    ("the shortest key id", b"\x01", TOPIC, BASE, 8),
    ("the longest key id", b"k" * 36, TOPIC, BASE, 8),
    ("the longest topic", b"k", "rg/1/" + "b" * 32 + "/" + "s" * 32 + "/receipt", array(RECEIPT), 8),
    ("a payload of one byte", b"k", TOPIC, b"\x00", 8),
    ("a payload of 300 bytes", b"k", TOPIC, bytes(300), 32),
    ("an event", b"uchkurgan-1", "rg/1/syr-darya/uchkurgan/event", array(EVENT), 8),
]
MALFORMED_SEALED = [
    ("nothing", b"", "truncated"),
    ("no tag in front", array(SEALED), "wrong-type"),
    ("the tag of COSE_Sign1", b"\xd2" + array(SEALED), "wrong-tag-number"),
    ("the tag of COSE_Mac", b"\xd8\x61" + array(SEALED), "wrong-tag-number"),
    ("the tag's number in two bytes", b"\xd8\x11" + array(SEALED), "not-shortest"),
    ("an array of four items and one byte", b"\xd1\x84\x0a", "truncated"),
    ("a number for a protected header", b"\xd1\x84\x0a\xa0\x41\x00\x41\x00", "wrong-type"),
    ("three items", b"\xd1" + array(SEALED[:3]), "wrong-size"),
    ("five items", b"\xd1" + array([*SEALED, b"\x80"]), "wrong-size"),
    ("an indefinite array", b"\xd1\x9f" + b"".join(SEALED) + b"\xff", "indefinite"),
    ("a byte behind", b"\xd1" + array(SEALED) + b"\x00", "trailing-bytes"),
    ("an empty protected header", b"\xd1" + array(replaced(SEALED, 0, b"\x40")), "wrong-size"),
    ("a protected header of 65 bytes", b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(bytes(65)))), "wrong-size"),
    ("a protected header as a map", b"\xd1" + array(replaced(SEALED, 0, PROTECTED)), "wrong-type"),
    ("no key id", b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(cbor2.dumps({1: 4})))), "wrong-size"),
    ("an empty key id", b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(cbor2.dumps({1: 4, 4: b""})))), "wrong-size"),
    (
        "a key id of 37 bytes",
        b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(cbor2.dumps({1: 4, 4: bytes(37)})))),
        "wrong-size",
    ),
    (
        "the key id before the algorithm",
        b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(cbor2.dumps({4: b"k", 1: 4})))),
        "wrong-header",
    ),
    (
        "a critical header",
        b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(cbor2.dumps({1: 4, 2: [4]})))),
        "wrong-header",
    ),
    (
        "HMAC 384/384",
        b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(cbor2.dumps({1: 6, 4: b"k"})))),
        "unknown-algorithm",
    ),
    (
        "AES-MAC 128/64",
        b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(cbor2.dumps({1: 14, 4: b"k"})))),
        "unknown-algorithm",
    ),
    (
        "a byte behind the protected header",
        b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(PROTECTED + b"\x00"))),
        "trailing-bytes",
    ),
    (
        "the algorithm twice",
        b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(b"\xa2\x01\x04\x01\x04"))),
        "wrong-header",
    ),
    ("an unprotected header", b"\xd1" + array(replaced(SEALED, 1, cbor2.dumps({4: b"k"}))), "wrong-size"),
    ("an empty payload", b"\xd1" + array(replaced(SEALED, 2, b"\x40")), "wrong-size"),
    ("a detached payload", b"\xd1" + array(replaced(SEALED, 2, b"\xf6")), "wrong-type"),
    ("a payload of 4 GiB", b"\xd1" + array([*SEALED[:2], b"\x5a\xff\xff\xff\xff"])[:200] + b"\x00" * 9, "wrong-size"),
    ("a tag of 4 bytes", b"\xd1" + array(replaced(SEALED, 3, cbor2.dumps(bytes(4)))), "wrong-size"),
    (
        "a tag of 32 bytes where 8 are said",
        b"\xd1" + array(replaced(SEALED, 3, cbor2.dumps(mac0(PROTECTED, BASE, tag_bytes=32)))),
        "wrong-size",
    ),
    ("a wrong tag", b"\xd1" + array(replaced(SEALED, 3, cbor2.dumps(bytes(8)))), "wrong-tag"),
    (
        "a tag wrong in its first bit",
        b"\xd1" + array(SEALED)[:-8] + bytes([array(SEALED)[-8] ^ 128]) + array(SEALED)[-7:],
        "wrong-tag",
    ),
    (
        "a tag wrong in its last bit",
        b"\xd1" + array(SEALED)[:-1] + bytes([array(SEALED)[-1] ^ 1]),
        "wrong-tag",
    ),
    ("another payload", b"\xd1" + array(replaced(SEALED, 2, cbor2.dumps(data(LOG, b"\x07")))), "wrong-tag"),
    (
        "a message of another topic",
        b"\xd1" + array(replaced(SEALED, 3, cbor2.dumps(mac0(PROTECTED, BASE, TOPIC.replace("uch", "och"))))),
        "wrong-tag",
    ),
    (
        "the tag of another key",
        b"\xd1" + array(replaced(SEALED, 3, cbor2.dumps(mac0(PROTECTED, BASE, key=bytes(32))))),
        "wrong-tag",
    ),
    (
        "a key nobody has",
        b"\xd1" + array(replaced(SEALED, 0, cbor2.dumps(cbor2.dumps({1: 4, 4: b"uchkurgan-9"})))),
        "unknown-key",
    ),
]  # fmt: skip
