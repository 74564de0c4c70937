"""A reader of data messages written from protocol/README.md alone: cbor2 for the CBOR, texts of 0 and 1 for bits.

It believes what it reads; whether a message is well formed is not its question.
"""

from collections.abc import Iterator

import cbor2


def read_data(payload: bytes) -> dict[str, object]:
    """Return the meaning of a data message, in the form of tests/protocol/meaning.py."""
    kind, version, log_id, first, count, configuration, held, receipted, circumstances, times, columns = cbor2.loads(
        payload
    )
    assert (kind, version) == (1, 1)
    exponent, base, step, packed = times
    offsets = unpack(packed, 0, count)
    gaps = circumstances.get(1, [])
    return {
        "log_id": log_id,
        "first_record_no": first,
        "times_ms": [(base + index * step + offsets[index]) * 10 ** (3 + exponent) for index in range(count)],
        "columns": [read_column(column, count) for column in columns],
        "configuration_no": configuration,
        "oldest_held": first - held,
        "receipted": first - receipted,
        "clock_quality": circumstances.get(2, 0),
        "gaps": [list(pair) for pair in zip(gaps[::2], gaps[1::2], strict=True)],
        "test": circumstances.get(3, False),
    }


def read_column(column: list[object], count: int) -> dict[str, object]:
    sensor_no, variable, statistic, interval_s, exponent, first, packed, *rest = column
    exceptions = rest[0] if rest else {}
    null_reasons = runs(exceptions.get(1, []))
    values = iter(unpack(packed, first, count - len(null_reasons)))
    return {
        "sensor_no": sensor_no,
        "variable": variable,
        "statistic": statistic,
        "interval_s": interval_s,
        "exponent": exponent,
        "mantissas": [None if index in null_reasons else next(values) for index in range(count)],
        "null_reasons": [list(item) for item in null_reasons.items()],
        "qualities": [list(item) for item in runs(exceptions.get(2, [])).items()],
        "resets": exceptions.get(3, []),
    }


def runs(items: list[int]) -> dict[int, int]:
    """Return the code by index of (index, length, code) triples."""
    triples = zip(items[::3], items[1::3], items[2::3], strict=True)
    return {at: code for index, length, code in triples for at in range(index, index + length)}


def unpack(packed: bytes, first: int, count: int) -> list[int]:
    if count == 0:
        return []
    values = [first]
    if not packed:
        return values * count
    order, k = divmod(packed[0], 32)
    bits = iter("".join(f"{octet:08b}" for octet in packed[1:]))
    difference = 0
    for _ in range(count - 1):
        number = read_number(bits, k)
        difference = difference + number if order == 1 else number
        values.append(values[-1] + difference)
    return values


def read_number(bits: Iterator[str], k: int) -> int:
    ones = 0
    while ones < 12 and next(bits) == "1":
        ones += 1
    if ones == 12:
        folded = int("".join(next(bits) for _ in range(44)), 2)
    else:
        folded = ones * 2**k + int("0" + "".join(next(bits) for _ in range(k)), 2)
    return -(folded + 1) // 2 if folded % 2 else folded // 2
