"""Packs of SenML: the RFC's own examples and other valid ones with their meaning stated by hand, and malformed ones."""

import cbor2

from tests.protocol.vector_checks import SENML_RECEIVED_AT_MS as RECEIVED_AT_MS
from tests.protocol.vector_source.items import array, dump, head

BASE_VERSION, BASE_NAME, BASE_TIME, BASE_UNIT, BASE_VALUE, BASE_SUM = -1, -2, -3, -4, -5, -6
NAME, UNIT, VALUE, TEXT, BOOL, SUM, TIME, UPDATE, DATA = range(9)
LABELS = {
    "bver": BASE_VERSION, "bn": BASE_NAME, "bt": BASE_TIME, "bu": BASE_UNIT, "bv": BASE_VALUE, "bs": BASE_SUM,
    "n": NAME, "u": UNIT, "v": VALUE, "vs": TEXT, "vb": BOOL, "s": SUM, "t": TIME, "ut": UPDATE, "vd": DATA,
}  # fmt: skip

ONE_WIRE = "urn:dev:ow:10e2073a01080063"
OTHER_WIRE = "urn:dev:ow:10e2073a0108006"  # as the RFC has it: a digit shorter


def record(**fields: object) -> dict[int, object]:
    return {LABELS[name]: value for name, value in fields.items()}


def pack(*records: dict[int, object]) -> bytes:
    return cbor2.dumps(list(records))


def now(name: str, unit: str, value: object, **others: object) -> dict[str, object]:
    """Return the meaning of a measurement made when it was received."""
    said = {"name": name, "unit": unit, "value": value, "at_ms": RECEIVED_AT_MS, "is_dated": False}
    return said | {"sum": None, "update_s": None} | others


def at(time_s: float, name: str, unit: str, value: object, **others: object) -> dict[str, object]:
    return now(name, unit, value, at_ms=round(time_s * 1000), is_dated=True, **others)


def stage(value: bytes) -> bytes:
    """Return a pack of one stage whose value is these bytes."""
    return array([head(5, 3) + b"".join(dump(NAME, "stage", UNIT, "m", VALUE)) + value])


POSITION_BASE = record(bn=ONE_WIRE, bt=1.320067464e09, bu="%RH", v=20)

# Name, payload, meaning. Those of the RFC are named by its sections.
SENML = [
    ("5.1.1 single datapoint", pack(record(n=ONE_WIRE, u="Cel", v=23.1)), [now(ONE_WIRE, "Cel", 23.1)]),
    (
        "5.1.2 voltage and current now",
        pack(record(bn=f"{ONE_WIRE}:", n="voltage", u="V", v=120.1), record(n="current", u="A", v=1.2)),
        [now(f"{ONE_WIRE}:voltage", "V", 120.1), now(f"{ONE_WIRE}:current", "A", 1.2)],
    ),
    (
        "5.1.2 and 6 voltage, and current at each of five seconds",
        pack(
            record(bn=f"{OTHER_WIRE}:", bt=1.276020076001e09, bu="A", bver=5, n="voltage", u="V", v=120.1),
            *(record(n="current", t=-5 + n, v=round(1.2 + n / 10, 1)) for n in range(5)),
            record(n="current", v=1.7),
        ),
        [
            at(1276020076.001, f"{OTHER_WIRE}:voltage", "V", 120.1),
            *(
                at(1276020071.001 + n, f"{OTHER_WIRE}:current", "A", [1.2, 1.3, 1.4, 1.5, 1.6, 1.7][n])
                for n in range(6)
            ),
        ],
    ),
    (
        "5.1.3 humidity and position of a mobile device",
        pack(
            POSITION_BASE,
            record(u="lon", v=24.30621), record(u="lat", v=60.07965),
            record(t=60, v=20.3), record(u="lon", t=60, v=24.30622), record(u="lat", t=60, v=60.07965),
            record(t=120, v=20.7), record(u="lon", t=120, v=24.30623), record(u="lat", t=120, v=60.07966),
            record(u="%EL", t=150, v=98),
            record(t=180, v=21.2), record(u="lon", t=180, v=24.30628), record(u="lat", t=180, v=60.07967),
        ),
        [
            at(1320067464 + seconds, ONE_WIRE, unit, value)
            for seconds, unit, value in (
                (0, "%RH", 20.0), (0, "lon", 24.30621), (0, "lat", 60.07965),
                (60, "%RH", 20.3), (60, "lon", 24.30622), (60, "lat", 60.07965),
                (120, "%RH", 20.7), (120, "lon", 24.30623), (120, "lat", 60.07966),
                (150, "%EL", 98.0),
                (180, "%RH", 21.2), (180, "lon", 24.30628), (180, "lat", 60.07967),
            )
        ],
    ),
    (
        "5.1.4 resolved data",
        pack(
            record(n=ONE_WIRE, u="%RH", t=1.320067464e09, v=20),
            record(n=ONE_WIRE, u="lon", t=1.320067464e09, v=24.30621),
        ),
        [at(1320067464, ONE_WIRE, "%RH", 20.0), at(1320067464, ONE_WIRE, "lon", 24.30621)],
    ),
    (
        "5.1.5 multiple data types",
        pack(
            record(bn=f"{ONE_WIRE}:", n="temp", u="Cel", v=23.1), record(n="label", vs="Machine Room"),
            record(n="open", vb=False), record(n="nfc-reader", vd=b"hi \n"),
        ),
        [
            now(f"{ONE_WIRE}:temp", "Cel", 23.1), now(f"{ONE_WIRE}:label", "", "Machine Room"),
            now(f"{ONE_WIRE}:open", "", False), now(f"{ONE_WIRE}:nfc-reader", "", {"hex": b"hi \n".hex()}),
        ],
    ),
    (
        "5.1.6 collection of resources",
        pack(
            record(bn="2001:db8::2/", bt=1.320078429e09, n="temperature", u="Cel", v=25.2),
            record(n="humidity", u="%RH", v=30),
            record(bn="2001:db8::1/", n="temperature", u="Cel", v=12.3),
            record(n="humidity", u="%RH", v=67),
        ),
        [
            at(1320078429, "2001:db8::2/temperature", "Cel", 25.2), at(1320078429, "2001:db8::2/humidity", "%RH", 30.0),
            at(1320078429, "2001:db8::1/temperature", "Cel", 12.3), at(1320078429, "2001:db8::1/humidity", "%RH", 67.0),
        ],
    ),
    (
        "5.1.7 setting an actuator: a record of a base alone",
        pack(
            record(bn=f"{ONE_WIRE}:"), record(n="temp", u="Cel", v=23.1),
            record(n="heat", u="/", v=1), record(n="fan", u="/", v=0),
        ),
        [now(f"{ONE_WIRE}:temp", "Cel", 23.1), now(f"{ONE_WIRE}:heat", "/", 1.0), now(f"{ONE_WIRE}:fan", "/", 0.0)],
    ),
    (
        "5.1.7 two lights",
        pack(record(bt=1.320078429e09, bu="/", n="2001:db8::3", v=1), record(n="2001:db8::4", v=1)),
        [at(1320078429, "2001:db8::3", "/", 1.0), at(1320078429, "2001:db8::4", "/", 1.0)],
    ),
    ("a half-precision float", stage(bytes.fromhex("f93d00")), [now("stage", "m", 1.25)]),
    ("the smallest half-precision float", stage(bytes.fromhex("f98001")), [now("stage", "m", -(2.0**-24))]),
    ("the largest half-precision float", stage(bytes.fromhex("f97bff")), [now("stage", "m", 65504.0)]),
    ("a single-precision float", stage(bytes.fromhex("fa3fa00000")), [now("stage", "m", 1.25)]),
    ("a decimal fraction", stage(bytes.fromhex("c482211904d2")), [now("stage", "m", 12.34)]),
    ("a decimal fraction of a positive power", stage(bytes.fromhex("c4820203")), [now("stage", "m", 300.0)]),
    ("a negative integer", stage(bytes.fromhex("20")), [now("stage", "m", -1.0)]),
    ("an integer in a wider head than it needs", stage(bytes.fromhex("1b0000000000000002")), [now("stage", "m", 2.0)]),
    (
        "an indefinite array of indefinite maps",
        b"\x9f" + b"\xbf" + b"".join(dump(NAME, "stage", UNIT, "m", VALUE, 1.5)) + b"\xff\xff",
        [now("stage", "m", 1.5)],
    ),
    (
        "fields of no meaning to us, nested",
        pack(
            record(n="stage", u="m", v=1.5)
            | {99: [1, {"a": [b"x", -2.5]}], "ct": "text", -77: cbor2.CBORTag(9, True)}
        ),
        [now("stage", "m", 1.5)],
    ),
    (
        "an indefinite array in a field of no meaning to us",
        array([head(5, 3) + b"".join(dump(NAME, "stage", VALUE, 1.5, "x")) + bytes.fromhex("9f01bf0203ffff")]),
        [now("stage", "", 1.5)],
    ),
    (
        "a base value and a base sum",
        pack(record(bv=100, bs=10, n="rain", u="mm", v=0.5), record(n="rain", s=2, t=-60)),
        [now("rain", "mm", 100.5, sum=10.0), now("rain", "", None, sum=12.0, at_ms=RECEIVED_AT_MS - 60_000)],
    ),
    ("an update time", pack(record(n="stage", u="m", v=1, ut=900)), [now("stage", "m", 1.0, update_s=900.0)]),
    (
        "the last moment relative to now, and the first absolute one",
        pack(record(n="a", v=1, t=2**28 - 1), record(n="b", v=2, t=2**28)),
        [now("a", "", 1.0, at_ms=RECEIVED_AT_MS + (2**28 - 1) * 1000), at(2**28, "b", "", 2.0)],
    ),
    ("a text of other letters", pack(record(n="label", vs="Сырдарья")), [now("label", "", "Сырдарья")]),
]  # fmt: skip

GOOD = pack(record(n="stage", u="m", v=1.5))

# Name, payload, reason; the byte at which it is noticed is the decoder's.
MALFORMED_SENML = [
    ("nothing", b"", "truncated"),
    ("a pack of no records", b"\x80", "no-measurement"),
    ("an indefinite pack of no records", b"\x9f\xff", "no-measurement"),
    ("records of bases alone", pack(record(bn="a:"), record(bu="m")), "no-measurement"),
    ("a map in place of the array", cbor2.dumps(record(n="a", v=1)), "wrong-type"),
    ("a record that is an array", b"\x81\x80", "wrong-type"),
    ("JSON", b'[{"n":"a","v":1}]', "wrong-type"),
    ("a byte behind the pack", GOOD + b"\x00", "trailing-bytes"),
    ("a break behind the pack", GOOD + b"\xff", "trailing-bytes"),
    ("a break in a definite array", b"\x82" + GOOD[1:] + b"\xff", "wrong-type"),
    ("an indefinite array without its end", b"\x9f" + GOOD[1:], "truncated"),
    ("an indefinite map that ends behind a label", b"\x81\xbf\x00\xff\xff", "wrong-type"),
    ("more records than are allowed", b"\x99\x04\x01" + GOOD[1:] * 1025, "wrong-size"),
    ("more records than are allowed, in an indefinite array", b"\x9f" + GOOD[1:] * 1025 + b"\xff", "wrong-size"),
    ("more records than there are bytes", b"\x99\x04\x00", "truncated"),
    ("more fields than are allowed", array([head(5, 33) + b"".join(dump(*range(100, 166)))]), "wrong-size"),
    (
        "more fields than are allowed, in an indefinite map",
        b"\x81\xbf" + b"".join(dump(*range(100, 166))) + b"\xff",
        "wrong-size",
    ),
    ("a reserved head", b"\x9c", "reserved-head"),
    ("a label that is bytes", b"\x81\xa1\x40\x01", "wrong-type"),
    ("a label that is a float", array([cbor2.dumps({0.5: 1})]), "wrong-type"),
    ("a label beyond every integer", array([head(5, 1) + bytes.fromhex("1bffffffffffffffff00")]), "out-of-range"),
    ("a label that insists on being understood", pack(record(n="a", v=1) | {"new_": 1}), "not-understood"),
    ("a label twice", array([head(5, 3) + b"".join(dump(NAME, "a", VALUE, 1, VALUE, 2))]), "label-twice"),
    ("a version to come", pack(record(bver=11, n="a", v=1)), "unknown-version"),
    ("version 0", pack(record(bver=0, n="a", v=1)), "unknown-version"),
    ("a version that is a text", pack(record(bver="10", n="a", v=1)), "wrong-type"),
    ("a version that is a float", pack(record(bver=10.0, n="a", v=1)), "wrong-type"),
    ("no name", pack(record(v=1)), "bad-name"),
    ("an empty name", pack(record(bn="", n="", v=1)), "bad-name"),
    ("a name with a space", pack(record(n="a b", v=1)), "bad-name"),
    ("a name that begins with a colon", pack(record(n=":a", v=1)), "bad-name"),
    ("a name of other letters", pack(record(n="река", v=1)), "bad-name"),
    ("a name that is a number", pack(record(n=1, v=1)), "wrong-type"),
    ("a name too long", pack(record(n="a" * 129, v=1)), "wrong-size"),
    ("a name too long with its base", pack(record(bn="a" * 100, n="b" * 29, v=1)), "bad-name"),
    ("a name in pieces", array([head(5, 2) + bytes.fromhex("007f6161ff") + b"".join(dump(VALUE, 1))]), "indefinite"),
    ("a name that is not UTF-8", array([head(5, 2) + bytes.fromhex("0061ff") + b"".join(dump(VALUE, 1))]), "bad-text"),
    ("an empty unit", pack(record(n="a", u="", v=1)), "wrong-size"),
    ("a unit too long", pack(record(n="a", u="m" * 33, v=1)), "wrong-size"),
    ("no value", pack(record(n="a", u="m")), "no-value"),
    ("a base value without a value", pack(record(bv=1, n="a")), "no-value"),
    ("two values", pack(record(n="a", v=1, vs="1")), "two-values"),
    ("a value that is a text", pack(record(n="a", v="1.5")), "wrong-type"),
    ("a value that is true", pack(record(n="a", v=True)), "wrong-type"),
    ("a value that is null", pack(record(n="a", v=None)), "wrong-type"),
    ("a value that is a bignum", pack(record(n="a", v=2**70)), "wrong-type"),
    ("infinity", stage(bytes.fromhex("f97c00")), "not-finite"),
    ("infinity in double precision", stage(bytes.fromhex("fbfff0000000000000")), "not-finite"),
    ("not a number", stage(bytes.fromhex("f97e00")), "not-finite"),
    ("not a number in single precision", stage(bytes.fromhex("fa7fc00000")), "not-finite"),
    ("a sum beyond every double", pack(record(bv=1.7e308, n="a", v=1.7e308)), "not-finite"),
    ("a decimal fraction of a float", stage(bytes.fromhex("c48220f93c00")), "wrong-type"),
    ("a decimal fraction of three", stage(bytes.fromhex("c483200102")), "wrong-size"),
    ("a decimal fraction of a great power", stage(bytes.fromhex("c482181701")), "out-of-range"),
    ("a decimal fraction of a great mantissa", stage(bytes.fromhex("c482201b0020000000000000")), "out-of-range"),
    ("another tag", stage(bytes.fromhex("c100")), "wrong-type"),
    ("a boolean that is a number", pack(record(n="a", vb=1)), "wrong-type"),
    ("a text value too long", pack(record(n="a", vs="x" * 1025)), "wrong-size"),
    ("a data value too long", pack(record(n="a", vd=bytes(1025))), "wrong-size"),
    ("a data value that is a text", pack(record(n="a", vd="aGkgCg")), "wrong-type"),
    ("a time before 1970", pack(record(n="a", v=1, t=-1.6e9)), "bad-time"),
    ("a time after 2106", pack(record(n="a", v=1, t=4294967296)), "bad-time"),
    ("a time beyond all", pack(record(n="a", v=1, t=1e300)), "bad-time"),
    ("a field nested too deep", pack(record(n="a", v=1) | {"x": [[[[[1]]]]]}), "too-deep"),
    ("tags nested too deep", array([head(5, 2) + b"\x18\x63" + b"\xc1" * 6 + b"\x00\x02\x01"]), "too-deep"),
    ("a field with a reserved head", array([head(5, 1) + b"\x18\x63\x1c"]), "reserved-head"),
    ("a field with a reserved simple value", array([head(5, 1) + b"\x18\x63\xfc"]), "reserved-head"),
    ("a field that is a break", array([head(5, 1) + b"\x18\x63\xff"]), "reserved-head"),
    ("a field that is no UTF-8", array([head(5, 1) + b"\x18\x63\x61\xff"]), "bad-text"),
    ("a field that is text in pieces", array([head(5, 1) + b"\x18\x63\x7f\xff"]), "indefinite"),
    ("an array within of more items than bytes", array([head(5, 1) + b"\x18\x63\x9a\xff\xff\xff\xff"]), "wrong-size"),
    ("a pack too large", pack(record(n="a", v=1) | {"x": bytes(65_536)}), "too-large"),
]
