"""Data messages with one thing wrong, and the reason for which they are refused."""

import cbor2

from tests.protocol.vector_source.items import array, dump, replaced
from tests.protocol.vector_source.valid import T0_MS, UINT32

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
    ("a step of 33 bits in seconds", times(0, S0, 2**32, b""), "out-of-range"),
    ("a step beyond the last millisecond", times(-3, 0, UINT32 * 1000 + 1000, b""), "out-of-range"),
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
    ("a value out of range below", packed(0x00, 0xFF, 0xFF, 0, 0, 0, 0, 1, 0), "out-of-range"),
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
    ("reason 24", exceptions({1: [1, 1, 24]}, rest=b""), "out-of-range"),
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
