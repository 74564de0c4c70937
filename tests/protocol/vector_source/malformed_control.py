"""Messages beside the data with one thing wrong, and the reason for which they are refused."""

import cbor2

from tests.protocol.vector_source.items import array, dump, replaced
from tests.protocol.vector_source.valid import UINT32

RECEIPT = dump(4, 1, 7, [5, 9])
REFUSED = dump(5, 1, bytes(8), "truncated")
BIRTH = dump(2, 1, 1, 0, None, 7, 1, bytes(range(32)), 1, "0.1.0", "virtual", [1, "maxbotix-hrxl"])
EVENT = dump(3, 1, 1, 2, None, "health", "", {"a": 1})
COMMAND = dump(6, 1, "g1", 1, 0, "send-range", {"last": 2})
REPLY = dump(7, 1, 1, 4, "g1", 1, 0, "", {})
MALFORMED_CONTROL = [
    ("receipt", "no ranges", array(replaced(RECEIPT, 3, b"\x80")), "wrong-size"),
    ("receipt", "half a range", array(replaced(RECEIPT, 3, b"\x81\x05")), "wrong-size"),
    ("receipt", "three numbers", array(replaced(RECEIPT, 3, b"\x83\x05\x06\x08")), "wrong-size"),
    ("receipt", "65 ranges", array(replaced(RECEIPT, 3, cbor2.dumps([2 * n for n in range(130)]))), "wrong-size"),
    ("receipt", "a range that falls", array(replaced(RECEIPT, 3, b"\x82\x05\x04")), "out-of-range"),
    ("receipt", "ranges that touch", array(replaced(RECEIPT, 3, b"\x84\x05\x06\x07\x08")), "not-ascending"),
    ("receipt", "a log id of 33 bits", array(replaced(RECEIPT, 2, cbor2.dumps(2**32))), "out-of-range"),
    ("receipt", "a log id missing", array(RECEIPT[:2] + RECEIPT[3:]), "wrong-size"),
    ("receipt", "the kind of data", array(replaced(RECEIPT, 0, b"\x01")), "wrong-kind"),
    ("receipt", "version 2", array(replaced(RECEIPT, 1, b"\x02")), "unknown-version"),
    ("receipt", "a byte behind", array(RECEIPT) + b"\xf6", "trailing-bytes"),
    ("receipt", "refused with a tag of 16 bytes", array(replaced(REFUSED, 2, cbor2.dumps(bytes(16)))), "wrong-size"),
    ("receipt", "refused with no tag", array(replaced(REFUSED, 2, b"\x40")), "wrong-size"),
    ("receipt", "refused without a reason", array(replaced(REFUSED, 3, b"\x60")), "wrong-size"),
    ("receipt", "refused for 33 letters", array(replaced(REFUSED, 3, cbor2.dumps("x" * 33))), "wrong-size"),
    ("receipt", "refused for a reason that is not ASCII", array(replaced(REFUSED, 3, cbor2.dumps("Ö"))), "bad-text"),
    ("receipt", "refused in version 2", array(replaced(REFUSED, 1, b"\x02")), "unknown-version"),
    ("birth", "the kind of an event", array(replaced(BIRTH, 0, b"\x03")), "wrong-kind"),
    ("birth", "eleven items", array(BIRTH[:-1]), "wrong-size"),
    ("birth", "a boot number of 33 bits", array(replaced(BIRTH, 2, cbor2.dumps(2**32))), "out-of-range"),
    ("birth", "a time as a text", array(replaced(BIRTH, 4, cbor2.dumps("now"))), "wrong-type"),
    ("birth", "a time after the end", array(replaced(BIRTH, 4, cbor2.dumps(UINT32 * 1000 + 1000))), "out-of-range"),
    ("birth", "a hash of 31 bytes", array(replaced(BIRTH, 7, cbor2.dumps(bytes(31)))), "wrong-size"),
    ("birth", "reset cause 256", array(replaced(BIRTH, 8, cbor2.dumps(256))), "out-of-range"),
    ("birth", "no firmware", array(replaced(BIRTH, 9, b"\x60")), "wrong-size"),
    ("birth", "an indefinite text", array(replaced(BIRTH, 9, b"\x7f\x61a\xff")), "indefinite"),
    ("birth", "a control character", array(replaced(BIRTH, 10, cbor2.dumps("a\x07b"))), "bad-text"),
    ("birth", "a delete character", array(replaced(BIRTH, 10, cbor2.dumps("a\x7fb"))), "bad-text"),
    ("birth", "a byte that is no UTF-8", array(replaced(BIRTH, 10, b"\x62a\xff")), "bad-text"),
    ("birth", "a sensor without a kind", array(replaced(BIRTH, 11, b"\x81\x01")), "wrong-size"),
    ("birth", "33 sensors", array(replaced(BIRTH, 11, cbor2.dumps([1, "x"] * 33))), "wrong-size"),
    ("event", "a name of 33 letters", array(replaced(EVENT, 5, cbor2.dumps("n" * 33))), "wrong-size"),
    ("event", "a detail of 1025 letters", array(replaced(EVENT, 6, cbor2.dumps("d" * 1025))), "wrong-size"),
    ("event", "the same fact twice", array(replaced(EVENT, 7, b"\xa2\x61a\x01\x61a\x02")), "not-ascending"),
    ("event", "facts not in order", array(replaced(EVENT, 7, b"\xa2\x61b\x01\x61a\x02")), "not-ascending"),
    ("event", "a longer name first", array(replaced(EVENT, 7, b"\xa2\x62aa\x01\x61b\x02")), "not-ascending"),
    ("event", "a fact named by a number", array(replaced(EVENT, 7, b"\xa1\x01\x01")), "wrong-type"),
    ("event", "a fact without a name", array(replaced(EVENT, 7, b"\xa1\x60\x01")), "wrong-size"),
    ("event", "a fact of 2**53", array(replaced(EVENT, 7, cbor2.dumps({"a": 2**53}))), "out-of-range"),
    ("event", "a fact of null", array(replaced(EVENT, 7, cbor2.dumps({"a": None}))), "wrong-type"),
    ("event", "a fact inside a fact", array(replaced(EVENT, 7, cbor2.dumps({"a": {}}))), "wrong-type"),
    ("event", "33 facts", array(replaced(EVENT, 7, cbor2.dumps({f"f{n:02}": n for n in range(33)}))), "wrong-size"),
    ("event", "a map of facts longer than the message", array(replaced(EVENT, 7, b"\xb8\x20\x61a\x01")), "truncated"),
    ("command", "a gateway with a capital", array(replaced(COMMAND, 2, cbor2.dumps("G1"))), "bad-text"),
    ("command", "a gateway that begins with a dash", array(replaced(COMMAND, 2, cbor2.dumps("-g"))), "bad-text"),
    ("command", "a gateway of 33 letters", array(replaced(COMMAND, 2, cbor2.dumps("g" * 33))), "wrong-size"),
    ("command", "an end as null", array(replaced(COMMAND, 4, b"\xf6")), "wrong-type"),
    (
        "command",
        "an argument of 4097 letters",
        array(replaced(COMMAND, 6, cbor2.dumps({"a": "x" * 4097}))),
        "wrong-size",
    ),
    ("command", "the kind of a reply", array(replaced(COMMAND, 0, b"\x07")), "wrong-kind"),
    ("reply", "outcome 4", array(replaced(REPLY, 6, b"\x04")), "out-of-range"),
    ("reply", "a command number of 33 bits", array(replaced(REPLY, 5, cbor2.dumps(2**32))), "out-of-range"),
    ("reply", "facts missing", array(REPLY[:-1]), "wrong-size"),
    ("reply", "a byte behind", array(REPLY) + b"\x00", "trailing-bytes"),
]
