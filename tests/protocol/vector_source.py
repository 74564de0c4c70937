"""Where the vectors come from: `python -m tests.protocol.vector_source` writes protocol/vectors/*.json anew.

The bytes of valid vectors are made by the encoder and checked by an independent reader (test_oracles.py). A malformed
one is a valid one with one thing wrong, put together from items that cbor2 encoded; its reason is stated by hand.
"""

import hmac
import json
from collections.abc import Iterator

import cbor2

from tests.protocol import meaning
from tests.protocol.builds import SOURCES, load_pure

messages = load_pure("messages")
cose = load_pure("cose")

Vector = dict[str, object]

T0_MS = 1_535_673_600_000  # 2018-08-31T00:00:00Z
QUARTER_MS = 900_000
UINT32 = 2**32 - 1
KEY = bytes(range(32))
TOPIC = "rg/1/syr-darya/uchkurgan/data"


def column(mantissas, **changes):
    """Return the meaning of a stage column with some things changed."""
    plain = {
        "sensor_no": 1,
        "variable": 1,
        "statistic": 1,
        "interval_s": 0,
        "exponent": -3,
        "mantissas": mantissas,
        "null_reasons": [],
        "qualities": [],
        "resets": [],
    }
    return plain | changes


def batch(*columns, **changes):
    """Return the meaning of a batch of quarter hours with some things changed."""
    count = len(columns[0]["mantissas"])
    plain = {
        "log_id": 0xC0FFEE01,
        "first_record_no": 1000,
        "times_ms": [T0_MS + QUARTER_MS * index for index in range(count)],
        "columns": list(columns),
        "configuration_no": 1,
        "oldest_held": 1000,
        "receipted": 1000,
        "clock_quality": 0,
        "gaps": [],
        "test": False,
    }
    return plain | changes


def day(rise, noise):
    """Return 96 mantissas: a flood wave of `rise` with a repeating noise."""
    return [1200 + rise * min(index, 95 - index) ** 2 // 2256 + noise * (index * 7 % 5 - 2) for index in range(96)]


NULLS = [[index, reason] for index, reason in enumerate((0, 1, 2, 3, 4, 5, 6, 7), start=1)]
VALID_DATA = {
    "one record of one channel": batch(column([1234])),
    "two records that differ by one": batch(column([1234, 1235])),
    "two records that do not differ": batch(column([1234, 1234])),
    "stage below the datum": batch(column([-250, -251, -249])),
    "a mantissa of zero": batch(column([0])),
    "the largest and the smallest mantissa": batch(column([2**31 - 1, 1 - 2**31, 2**31 - 1])),
    "the smallest exponent": batch(column([5], exponent=-9)),
    "the largest exponent": batch(column([5], exponent=6)),
    "the highest sensor number": batch(column([5], sensor_no=255)),
    "the lowest sensor number": batch(column([5], sensor_no=0)),
    "a variable this version has no name for": batch(column([5], variable=255)),
    "a constant column": batch(column([1300] * 96, variable=7, exponent=-2)),
    "a steady rise, packed as changes of the difference": batch(column([1000 + 17 * index for index in range(96)])),
    "a noisy level, packed as differences": batch(column([1000 + 13 * (index * 7 % 11) for index in range(96)])),
    "one jump in a calm day": batch(column([1000 + index % 2 for index in range(40)] + [90000] * 8)),
    "a day of three channels": batch(
        column(day(1800, 3)),
        column(day(300, 1), variable=5, exponent=-2),
        column([1280 + index // 9 for index in range(96)], sensor_no=2, variable=7, statistic=0, exponent=-2),
    ),
    "the most records": batch(column([1000 + index % 7 for index in range(512)])),
    "the most channels": batch(*[column([index, index + 1], sensor_no=index) for index in range(64)]),
    "first value missing": batch(column([None, 1, 2], null_reasons=[[0, 1]])),
    "last value missing": batch(column([1, 2, None], null_reasons=[[2, 2]])),
    "no value at all": batch(column([None, None], null_reasons=[[0, 1], [1, 1]])),
    "every reason for a missing value": batch(column([7] + [None] * 8 + [9], null_reasons=NULLS)),
    "an hourly channel among quarter hours": batch(
        column([1, 2, 3, 4, 5, 6, 7, 8]),
        column(
            [7, None, None, None, 8, None, None, None], variable=5, null_reasons=[[i, 0] for i in (1, 2, 3, 5, 6, 7)]
        ),
    ),
    "every quality": batch(column([1, 2, 3, 4, 5], qualities=[[1, 2], [2, 3], [3, 4]])),
    "a run of suspect values": batch(column([1] * 9, qualities=[[index, 3] for index in range(2, 8)])),
    "missing and suspect values side by side": batch(
        column([1, None, 3, 4], null_reasons=[[1, 2]], qualities=[[0, 3], [2, 3]])
    ),
    "a running total with a reset": batch(column([40, 42, 0, 3], variable=8, statistic=7, exponent=-1, resets=[2])),
    "a reset before the first record": batch(column([0, 1], variable=15, statistic=7, exponent=0, resets=[0])),
    "missing, suspect and reset": batch(
        column([5, None, 0, 1], variable=8, statistic=7, null_reasons=[[1, 1]], qualities=[[3, 2]], resets=[2])
    ),
    "every statistic of a burst": batch(
        *[column([100 + code], variable=2, statistic=code, interval_s=60 * (code > 1)) for code in range(7)]
    ),
    "the longest interval": batch(column([5], statistic=2, interval_s=2_678_400)),
    "the beginning of time": batch(column([5]), times_ms=[0]),
    "the end of time": batch(column([5]), times_ms=[UINT32 * 1000 + 999]),
    "the last whole second": batch(column([5]), times_ms=[UINT32 * 1000]),
    "a regular tenth of a second": batch(column([5, 6, 7]), times_ms=[T0_MS + 100 * index for index in range(3)]),
    "one record at a millisecond": batch(column([5]), times_ms=[T0_MS + 1]),
    "a missed quarter hour": batch(column([5, 6, 7]), times_ms=[T0_MS, T0_MS + QUARTER_MS, T0_MS + 3 * QUARTER_MS]),
    "irregular milliseconds": batch(column([5, 6, 7, 8]), times_ms=[T0_MS, T0_MS + 7, T0_MS + 1009, T0_MS + 1010]),
    "denser sampling in a flood": batch(
        column([5, 6, 7, 8]),
        times_ms=[T0_MS, T0_MS + QUARTER_MS, T0_MS + QUARTER_MS + 60_000, T0_MS + QUARTER_MS + 120_000],
    ),
    "years between two records": batch(column([5, 6]), times_ms=[0, UINT32 * 1000]),
    "years between the second and the third record": batch(column([5, 6, 7]), times_ms=[0, 1, UINT32 * 1000 + 999]),
    "one gap": batch(column([5]), gaps=[[200, 299]]),
    "gaps of one record, and to the end of numbers": batch(column([5]), gaps=[[0, 0], [2, 2], [UINT32, UINT32]]),
    "the most gaps": batch(column([5]), gaps=[[10 * index, 10 * index + 3] for index in range(32)]),
    "a clock on its own": batch(column([5]), clock_quality=1),
    "a clock never set": batch(column([5]), clock_quality=2),
    "a test": batch(column([5]), test=True),
    "a test with a gap by a clock never set": batch(column([5]), gaps=[[5, 9]], clock_quality=2, test=True),
    "the newest record first after an outage": batch(
        column([5]), first_record_no=5000, oldest_held=2120, receipted=2120
    ),
    "a record asked for again": batch(column([5]), oldest_held=4000, receipted=3990),
    "the first record of a log": batch(column([5]), first_record_no=0, oldest_held=0, receipted=0, log_id=0),
    "the last record a log can have": batch(
        column([5]), first_record_no=UINT32, oldest_held=0, receipted=UINT32, log_id=UINT32, configuration_no=65535
    ),
    "the window as far above as it can be": batch(column([5]), first_record_no=0, oldest_held=UINT32, receipted=UINT32),
}

FACTS = {"heap_free": 91234, "drift_ppm": -3, "z": 2**53 - 1, "a": 1 - 2**53, "reset": "watchdog", "empty": ""}
VALID_CONTROL = {
    ("receipt", "one record"): {"log_id": 7, "ranges": [[5, 5]]},
    ("receipt", "two ranges"): {"log_id": UINT32, "ranges": [[0, 95], [97, UINT32]]},
    ("receipt", "the most ranges"): {"log_id": 7, "ranges": [[3 * index, 3 * index + 1] for index in range(64)]},
    ("receipt", "refused by a tag of 8 bytes"): {"tag": "0102030405060708", "reason": "truncated"},
    ("receipt", "refused by a tag of 32 bytes"): {"tag": KEY.hex(), "reason": "x" * 32},
    ("birth", "a clock never set"): {
        "boot_no": 1, "message_no": 0, "sent_at_ms": None, "log_id": 7, "configuration_no": 1,
        "configuration_hash": KEY.hex(), "reset_cause": 1, "firmware": "0.1.0", "board": "virtual",
        "sensors": [[1, "maxbotix-hrxl"]],
    },
    ("birth", "no sensors"): {
        "boot_no": UINT32, "message_no": UINT32, "sent_at_ms": T0_MS, "log_id": UINT32, "configuration_no": 65535,
        "configuration_hash": bytes(32).hex(), "reset_cause": 255, "firmware": "x" * 32, "board": "y" * 32, "sensors": [],
    },
    ("birth", "the most sensors"): {
        "boot_no": 2, "message_no": 3, "sent_at_ms": T0_MS, "log_id": 7, "configuration_no": 2,
        "configuration_hash": KEY.hex(), "reset_cause": 3, "firmware": "0.1.0", "board": "esp32",
        "sensors": [[index, "sdi-12"] for index in range(32)],
    },
    ("event", "nothing more to say"): {
        "boot_no": 1, "message_no": 2, "happened_at_ms": None, "name": "low-voltage", "detail": "", "facts": {},
    },
    ("event", "a traceback"): {
        "boot_no": 1, "message_no": 2, "happened_at_ms": T0_MS, "name": "exception",
        "detail": "Traceback:\n  File app.py, line 3\nOSError: 5\n", "facts": {},
    },
    ("event", "facts in their order"): {
        "boot_no": 1, "message_no": 2, "happened_at_ms": T0_MS, "name": "health", "detail": "", "facts": FACTS,
    },
    ("event", "the longest detail and the most facts"): {
        "boot_no": 1, "message_no": 2, "happened_at_ms": T0_MS, "name": "n" * 32, "detail": "~" * 1024,
        "facts": {"f%02d" % index: index for index in range(32)},
    },
    ("command", "report health"): {
        "gateway": "g1", "command_no": 1, "expires_at_ms": T0_MS, "name": "report-health", "arguments": {},
    },
    ("command", "send a range"): {
        "gateway": "g" * 32, "command_no": UINT32, "expires_at_ms": UINT32 * 1000 + 999, "name": "send-range",
        "arguments": {"first": 10, "last": 20},
    },
    ("command", "the longest argument"): {
        "gateway": "tashkent-2", "command_no": 2, "expires_at_ms": 0, "name": "configure",
        "arguments": {"json": "{" + " " * 4094 + "}"},
    },
    **{
        ("reply", name): {
            "boot_no": 1, "message_no": 4, "gateway": "g1", "command_no": 1, "outcome": outcome, "detail": detail,
            "facts": facts,
        }
        for outcome, (name, detail, facts) in enumerate(
            [
                ("done", "", {"heap_free": 91234}),
                ("failed", "no such record", {}),
                ("unknown command", "", {}),
                ("expired", "", {}),
            ]
        )
    },
}  # fmt: skip


def head(major: int, argument: int) -> bytes:
    """Return the shortest CBOR head."""
    if argument < 24:
        return bytes([major << 5 | argument])
    size = next(size for size in (1, 2, 4, 8) if argument < 256**size)
    return bytes([major << 5 | 23 + size.bit_length()]) + argument.to_bytes(size, "big")


def array(items: list[bytes]) -> bytes:
    return head(4, len(items)) + b"".join(items)


def dump(*values: object) -> list[bytes]:
    return [cbor2.dumps(value) for value in values]


def replaced(items: list[bytes], at: int, item: bytes) -> list[bytes]:
    return items[:at] + [item] + items[at + 1 :]


# A data message of two records of one channel, item by item, and where its items are.
COLUMN = dump(1, 1, 1, 0, -3, 1234, b"\x01\x40")
DATA = [*dump(1, 1, 0xC0FFEE01, 1000, 2, 1, 0, 0, {}, [0, T0_MS // 1000, 900, b""]), array([array(COLUMN)])]
KIND, VERSION, LOG, FIRST, COUNT, CONFIGURATION, HELD, RECEIPTED, CIRCUMSTANCES, TIMES, COLUMNS = range(11)
SENSOR, VARIABLE, STATISTIC, INTERVAL, EXPONENT, FIRST_VALUE, PACKED = range(7)


def data(at: int, item: bytes) -> bytes:
    return array(replaced(DATA, at, item))


def data_column(at: int, item: bytes) -> bytes:
    return data(COLUMNS, array([array(replaced(COLUMN, at, item))]))


def times(*values: object) -> bytes:
    return data(TIMES, array(dump(*values)))


def packed(*octets: int, count: int = 3) -> bytes:
    """Return a message of `count` records whose values are packed like this."""
    items = replaced(DATA, COUNT, cbor2.dumps(count))
    return array(replaced(items, COLUMNS, array([array(replaced(COLUMN, PACKED, cbor2.dumps(bytes(octets))))])))


def exceptions(value: object, first: object = 1234, rest: bytes = b"\x01\x40", statistic: int = 1) -> bytes:
    """Return a message of two records whose column ends with this map."""
    return data(COLUMNS, array([array(dump(1, 1, statistic, 0, -3, first, rest, value))]))


def with_raw_exceptions(raw: bytes) -> bytes:
    return data(COLUMNS, array([array([*COLUMN, raw])]))


BASE = array(DATA)
S0 = T0_MS // 1000
MALFORMED_DATA = [
    # --- heads: anything but shortest, definite and ours
    ("nothing", b"", "truncated"),
    ("an integer", b"\x01", "wrong-type"),
    ("a map", b"\xa0", "wrong-type"),
    ("an array of no items", b"\x80", "wrong-size"),
    ("an array of one item", b"\x81\x01", "wrong-size"),
    ("an indefinite array", b"\x9f" + BASE[1:] + b"\xff", "indefinite"),
    ("an array of 4 GiB", b"\x9a\xff\xff\xff\xff", "wrong-size"),
    ("an array of 16 EiB", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "out-of-range"),
    ("an array of 65535 items", b"\x99\xff\xff\x01\x01", "truncated"),
    ("a reserved head", b"\x9c" + BASE[1:], "reserved-head"),
    ("the array's size in two bytes", b"\x98\x0b" + BASE[1:], "not-shortest"),
    ("one item too few", array(DATA[:-1]), "wrong-size"),
    ("one item too many", array([*DATA, b"\x00"]), "wrong-size"),
    ("a byte behind the message", BASE + b"\x00", "trailing-bytes"),
    ("the message twice", BASE + BASE, "trailing-bytes"),
    ("a tag in front", b"\xc1" + BASE, "wrong-type"),
    ("the self-described CBOR tag in front", b"\xd9\xd9\xf7" + BASE, "wrong-type"),
    # --- kind and version
    ("the kind of a birth", data(KIND, b"\x02"), "wrong-kind"),
    ("kind 0", data(KIND, b"\x00"), "wrong-kind"),
    ("a kind in two bytes", data(KIND, b"\x18\x01"), "not-shortest"),
    ("a negative kind", data(KIND, b"\x20"), "wrong-type"),
    ("version 0", data(VERSION, b"\x00"), "unknown-version"),
    ("version 2", data(VERSION, b"\x02"), "unknown-version"),
    ("version 65536", data(VERSION, cbor2.dumps(65536)), "out-of-range"),
    # --- identity
    ("a log id of 33 bits", data(LOG, cbor2.dumps(2**32)), "out-of-range"),
    ("a log id of 64 bits", data(LOG, b"\x1b" + b"\xff" * 8), "out-of-range"),
    ("a log id as text", data(LOG, b"\x61a"), "wrong-type"),
    ("a log id as a float", data(LOG, b"\xf9\x3c\x00"), "wrong-type"),
    ("a log id in eight bytes", data(LOG, b"\x1b\x00\x00\x00\x00\xc0\xff\xee\x01"), "not-shortest"),
    ("a record number of 33 bits", data(FIRST, cbor2.dumps(2**32)), "out-of-range"),
    ("a negative record number", data(FIRST, b"\x20"), "wrong-type"),
    ("a record number in four bytes", data(FIRST, b"\x1a\x00\x00\x03\xe8"), "not-shortest"),
    ("records beyond the last number", data(FIRST, cbor2.dumps(UINT32)), "out-of-range"),
    ("no records", data(COUNT, b"\x00"), "out-of-range"),
    ("513 records", data(COUNT, cbor2.dumps(513)), "out-of-range"),
    ("a count in three bytes", data(COUNT, b"\x19\x00\x02"), "not-shortest"),
    ("a configuration number of 17 bits", data(CONFIGURATION, cbor2.dumps(65536)), "out-of-range"),
    ("the oldest record held below zero", data(HELD, cbor2.dumps(1001)), "out-of-range"),
    ("the oldest record held above 32 bits", data(HELD, cbor2.dumps(1000 - 2**32)), "out-of-range"),
    ("the oldest record held as null", data(HELD, b"\xf6"), "wrong-type"),
    ("receipted below zero", data(RECEIPTED, cbor2.dumps(1001)), "out-of-range"),
    ("receipted above 32 bits", data(RECEIPTED, cbor2.dumps(1000 - 2**32)), "out-of-range"),
    ("receipted of minus 2**64", data(RECEIPTED, b"\x3b" + b"\xff" * 8), "out-of-range"),
    ("receipted in two bytes", data(RECEIPTED, b"\x38\x00"), "not-shortest"),
    # --- circumstances
    ("circumstances as an array", data(CIRCUMSTANCES, b"\x80"), "wrong-type"),
    ("an indefinite map of circumstances", data(CIRCUMSTANCES, b"\xbf\xff"), "indefinite"),
    ("four circumstances", data(CIRCUMSTANCES, b"\xa4\x01\x82\x01\x02\x02\x01\x03\xf5\x04\xf5"), "wrong-size"),
    ("an unknown circumstance", data(CIRCUMSTANCES, b"\xa1\x04\xf5"), "out-of-range"),
    ("circumstance 0", data(CIRCUMSTANCES, b"\xa1\x00\xf5"), "not-ascending"),
    ("a circumstance named by a text", data(CIRCUMSTANCES, b"\xa1\x64test\xf5"), "wrong-type"),
    ("the same circumstance twice", data(CIRCUMSTANCES, b"\xa2\x03\xf5\x03\xf5"), "not-ascending"),
    ("circumstances not in order", data(CIRCUMSTANCES, b"\xa2\x03\xf5\x02\x01"), "not-ascending"),
    ("no gaps, said", data(CIRCUMSTANCES, b"\xa1\x01\x80"), "wrong-size"),
    ("a gap without an end", data(CIRCUMSTANCES, b"\xa1\x01\x83\x01\x02\x05"), "wrong-size"),
    ("a gap that ends before it begins", data(CIRCUMSTANCES, b"\xa1\x01\x82\x05\x04"), "out-of-range"),
    ("gaps that touch", data(CIRCUMSTANCES, b"\xa1\x01\x84\x01\x02\x03\x04"), "not-ascending"),
    ("gaps that overlap", data(CIRCUMSTANCES, b"\xa1\x01\x84\x01\x05\x04\x09"), "not-ascending"),
    ("gaps not in order", data(CIRCUMSTANCES, b"\xa1\x01\x84\x09\x0a\x01\x02"), "not-ascending"),
    ("33 gaps", data(CIRCUMSTANCES, cbor2.dumps({1: [n * 2 + n // 2 * 2 for n in range(66)]})), "wrong-size"),
    ("a gap to a number of 33 bits", data(CIRCUMSTANCES, cbor2.dumps({1: [1, 2**32]})), "out-of-range"),
    ("a synchronised clock, said", data(CIRCUMSTANCES, b"\xa1\x02\x00"), "out-of-range"),
    ("clock quality 3", data(CIRCUMSTANCES, b"\xa1\x02\x03"), "out-of-range"),
    ("no test, said", data(CIRCUMSTANCES, b"\xa1\x03\xf4"), "wrong-type"),
    ("a test said by a number", data(CIRCUMSTANCES, b"\xa1\x03\x01"), "wrong-type"),
    ("a test said in two bytes", data(CIRCUMSTANCES, b"\xa1\x03\xf8\x15"), "wrong-type"),
    # --- times
    ("times of three items", times(0, S0, 900), "wrong-size"),
    ("times of five items", times(0, S0, 900, b"", 0), "wrong-size"),
    ("times in tenths of a second", times(-1, S0, 900, b""), "out-of-range"),
    ("times in microseconds", times(-6, S0, 900, b""), "out-of-range"),
    ("a time before 1970", times(0, -1, 900, b""), "wrong-type"),
    ("a base as a float", data(TIMES, array([b"\x00", b"\xfb" + b"\x41" * 8, *dump(900, b"")])), "wrong-type"),
    ("a time beyond the last second", times(0, 2**32, 900, b""), "out-of-range"),
    ("a time beyond the last millisecond", times(-3, UINT32 * 1000 + 1000, 900, b""), "out-of-range"),
    ("the second time beyond the last", times(0, UINT32, 1, b""), "bad-time"),
    ("times that do not rise", times(0, S0, 0, b""), "bad-time"),
    ("times that fall", times(0, S0, 900, b"\x0a\xb0\x90"), "bad-time"),
    ("a negative step", times(0, S0, -900, b""), "wrong-type"),
    ("a step of 33 bits", times(0, S0, 2**32, b""), "out-of-range"),
    ("deviations as text", times(0, S0, 900, ""), "wrong-type"),
    ("deviations that are all zero", times(0, S0, 900, b"\x00\x00"), "packing-not-shortest"),
    ("deviations for one record more", times(0, S0, 900, b"\x00\xa0"), "packing-trailing"),
    ("a deviation of 2**42", times(0, S0, 900, b"\x00\xff\xf8" + b"\x00" * 5), "out-of-range"),
    # --- columns and channels
    ("no columns", data(COLUMNS, b"\x80"), "wrong-size"),
    ("65 columns", data(COLUMNS, array([array(COLUMN)] * 65)), "wrong-size"),
    ("columns as a map", data(COLUMNS, b"\xa1\x01\x01"), "wrong-type"),
    ("a column of six items", data(COLUMNS, array([array(COLUMN[:-1])])), "wrong-size"),
    ("a column of nine items", data(COLUMNS, array([array([*COLUMN, b"\x01", b"\x01"])])), "wrong-size"),
    ("an indefinite column", data(COLUMNS, b"\x81\x9f" + b"".join(COLUMN) + b"\xff"), "indefinite"),
    ("sensor 256", data_column(SENSOR, cbor2.dumps(256)), "out-of-range"),
    ("a negative sensor", data_column(SENSOR, b"\x20"), "wrong-type"),
    ("variable 0", data_column(VARIABLE, b"\x00"), "out-of-range"),
    ("variable 256", data_column(VARIABLE, cbor2.dumps(256)), "out-of-range"),
    ("a variable by name", data_column(VARIABLE, b"\x67stage_m"), "wrong-type"),
    ("statistic 8", data_column(STATISTIC, b"\x08"), "out-of-range"),
    ("an interval of more than 31 days", data_column(INTERVAL, cbor2.dumps(2_678_401)), "out-of-range"),
    ("exponent -10", data_column(EXPONENT, cbor2.dumps(-10)), "out-of-range"),
    ("exponent 7", data_column(EXPONENT, b"\x07"), "out-of-range"),
    ("a mantissa of 2**31", data_column(FIRST_VALUE, cbor2.dumps(2**31)), "out-of-range"),
    ("a mantissa of -2**31", data_column(FIRST_VALUE, cbor2.dumps(-(2**31))), "out-of-range"),
    ("a mantissa as a big number", data_column(FIRST_VALUE, b"\xc2\x41\x05"), "wrong-type"),
    ("a mantissa as a float", data_column(FIRST_VALUE, b"\xf9\x3c\x00"), "wrong-type"),
    ("a mantissa of undefined", data_column(FIRST_VALUE, b"\xf7"), "wrong-type"),
    ("a mantissa not in its shortest form", data_column(FIRST_VALUE, b"\x1a\x00\x00\x04\xd2"), "not-shortest"),
    ("a null without a reason", data_column(FIRST_VALUE, b"\xf6"), "nulls-disagree"),
    ("values as an array", data_column(PACKED, b"\x81\x01"), "wrong-type"),
    ("values in pieces", data_column(PACKED, b"\x5f\x41\x01\x41\x40\xff"), "indefinite"),
    ("values of 4 GiB", data_column(PACKED, b"\x5a\xff\xff\xff\xff"), "wrong-size"),
    ("values longer than the message", data_column(PACKED, b"\x58\x30\x01\x40"), "truncated"),
    ("a size of values in two bytes", data_column(PACKED, b"\x58\x02\x01\x40"), "not-shortest"),
    # --- packed series
    ("order 2", packed(0x41, 0x40), "bad-packing"),
    ("a head of eight bits", packed(0x81, 0x40), "bad-packing"),
    ("a packed series of its head only", packed(0x01), "packing-truncated"),
    ("a packed series that ends in a one", packed(0x00, 0xFF), "packing-truncated"),
    ("a packed series that ends in a number", packed(0x1F, 0x40), "packing-truncated"),
    ("a packed series that says nothing changes", packed(0x00, 0x00), "packing-not-shortest"),
    ("a one in the filling", packed(0x00, 0xA1), "packing-trailing"),
    ("a byte too many", packed(0x00, 0xA0, 0x00), "packing-trailing"),
    ("an escape that was not needed", packed(0x00, 0xFF, 0xF0, 0, 0, 0, 0, 0x0B, 0), "packing-not-shortest"),
    ("an escape that ends too soon", packed(0x00, 0xFF, 0xF0, 0, 0), "packing-truncated"),
    ("a value out of range", packed(0x00, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0), "out-of-range"),
    ("values packed for one record", packed(0x00, 0x80, count=1), "packing-trailing"),
    # --- exceptions
    ("an empty map of exceptions", exceptions({}), "wrong-size"),
    ("exceptions as null", exceptions(None), "wrong-type"),
    ("an unknown exception", exceptions({4: [0, 1, 1]}), "out-of-range"),
    ("exception 0", exceptions({0: [0, 1, 1]}), "not-ascending"),
    ("the same exception twice", with_raw_exceptions(b"\xa2\x02\x83\x00\x01\x03\x02\x83\x01\x01\x03"), "not-ascending"),
    ("exceptions not in order", with_raw_exceptions(b"\xa2\x02\x83\x00\x01\x03\x01\x83\x01\x01\x03"), "not-ascending"),
    ("a run of two items", exceptions({2: [0, 1]}), "wrong-size"),
    ("a run of four items", exceptions({2: [0, 1, 3, 0]}), "wrong-size"),
    ("more runs than records", exceptions({2: [0, 1, 3] * 3}), "wrong-size"),
    ("a run of no records", exceptions({2: [0, 0, 3]}), "out-of-range"),
    ("a run beyond the last record", exceptions({2: [1, 2, 3]}), "out-of-range"),
    ("a run that begins beyond the last record", exceptions({2: [2, 1, 3]}), "out-of-range"),
    ("runs that overlap", exceptions({2: [0, 2, 3, 1, 1, 2]}), "not-ascending"),
    ("runs not in order", exceptions({2: [1, 1, 3, 0, 1, 2]}), "not-ascending"),
    ("quality good, said", exceptions({2: [0, 1, 1]}), "out-of-range"),
    ("quality 5", exceptions({2: [0, 1, 5]}), "out-of-range"),
    ("quality missing", exceptions({2: [0, 1, 9]}), "out-of-range"),
    ("reason 8", exceptions({1: [1, 1, 8]}, rest=b""), "out-of-range"),
    ("a quality of a missing value", exceptions({1: [1, 1, 1], 2: [1, 1, 3]}, rest=b""), "quality-of-null"),
    ("all missing, and a first value", exceptions({1: [0, 2, 1]}, rest=b""), "nulls-disagree"),
    ("no first value, and one present", exceptions({1: [0, 1, 1]}, first=None, rest=b""), "nulls-disagree"),
    ("all missing, and packed values", exceptions({1: [0, 2, 1]}, first=None), "nulls-disagree"),
    ("values packed for a missing one", exceptions({1: [1, 1, 1]}), "packing-trailing"),
    ("a reset of no running total", exceptions({3: [1]}), "reset-of-no-total"),
    ("no resets, said", exceptions({3: []}, statistic=7), "wrong-size"),
    ("a reset beyond the last record", exceptions({3: [2]}, statistic=7), "out-of-range"),
    ("the same reset twice", exceptions({3: [1, 1]}, statistic=7), "not-ascending"),
    ("more resets than records", exceptions({3: [0, 1, 2]}, statistic=7), "wrong-size"),
]

RECEIPT = dump(4, 1, 7, [5, 9])
REFUSED = dump(5, 1, bytes(8), "truncated")
BIRTH = dump(2, 1, 1, 0, None, 7, 1, KEY, 1, "0.1.0", "virtual", [1, "maxbotix-hrxl"])
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
    ("event", "33 facts", array(replaced(EVENT, 7, cbor2.dumps({"f%02d" % n: n for n in range(33)}))), "wrong-size"),
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


def groups() -> Iterator[tuple[str, list[Vector]]]:
    """Yield the name of each file and its vectors."""
    yield "valid_data", [valid("data", name, said) for name, said in VALID_DATA.items()]
    yield "valid_control", [valid(leaf, f"{leaf}: {name}", said) for (leaf, name), said in VALID_CONTROL.items()]
    yield "malformed_data", [malformed("data", *case) for case in MALFORMED_DATA]
    yield "malformed_control", [malformed(*case) for case in MALFORMED_CONTROL]
    yield "sealed", [sealed(*case) for case in SEALED_MESSAGES]
    yield "malformed_sealed", [malformed_sealed(*case) for case in MALFORMED_SEALED]


def text(vectors: list[Vector]) -> str:
    """Return the file: one vector a line."""
    return "[\n" + ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors) + "\n]\n"


if __name__ == "__main__":
    for group, vectors in groups():
        (SOURCES / "vectors" / f"{group}.json").write_text(text(vectors))
        print(group, len(vectors))
