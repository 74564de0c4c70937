# Shared dialect: runs on MicroPython, on CPython, and compiled (data_decoder.pxd).
# cython: annotation_typing=False
"""Data messages from bytes."""

from array import array

from .batch import (
    COLUMNS_LIMIT,
    CONFIGURATION_LIMIT,
    EXPONENT_HIGH,
    EXPONENT_LOW,
    GAPS_LIMIT,
    INTERVAL_LIMIT_S,
    MANTISSA_LIMIT,
    RECORDS_LIMIT,
    TIME_LIMIT_MS,
    UINT32_LIMIT,
    Batch,
    Channel,
    Column,
)
from .cbor import ARRAY, BYTES, MAP, DecodeError, Reader
from .kinds import (
    COLUMN_NULLS,
    COLUMN_QUALITIES,
    COLUMN_RESETS,
    DATA,
    DATA_CLOCK,
    DATA_GAPS,
    DATA_ITEMS,
    DATA_TEST,
    MILLISECONDS,
    SECONDS,
    begin,
)
from .packing import unpack_series
from .quality import FAIL, NOT_EVALUATED, SYNCHRONISED, TOO_FEW_VALID, UNSYNCHRONISED
from .ranges import take_ranges
from .variables import TOTAL

OFFSET_LIMIT = 0x3FFFFFFFFFF  # of a time from its regular instant, in the unit of the times: 2**42 - 1


def read_identity(payload: bytes) -> tuple[int, int, int]:
    """Return (log_id, first_record_no, count) of a data message of any version, or raise DecodeError."""
    reader = Reader(payload)
    reader.take_size(ARRAY, 5, 0xFFFF)
    start = reader.position
    if reader.take_uint(0, 0xFFFF) != DATA:
        raise DecodeError("wrong-kind", start)
    reader.take_uint(1, 0xFFFF)
    return _take_identity(reader)


def decode_data(payload: bytes) -> Batch:
    """Return the batch, or raise DecodeError: nothing is repaired."""
    reader = begin(payload, DATA, DATA_ITEMS)
    log_id, first_record_no, count = _take_identity(reader)
    configuration_no = reader.take_uint(0, CONFIGURATION_LIMIT)
    oldest_held = _take_record_no_before(reader, first_record_no)
    receipted = _take_record_no_before(reader, first_record_no)
    numbers = array("q", bytes(8 * count))
    times_ms = _take_times(reader, count, numbers)
    columns = [_take_column(reader, count, numbers) for _ in range(reader.take_size(ARRAY, 1, COLUMNS_LIMIT))]
    gaps: list[tuple[int, int]] = []
    clock_quality = SYNCHRONISED
    test = False
    key = 0
    for _ in range(reader.take_size(MAP, 0, 3)):
        key = _take_key(reader, key, DATA_TEST)
        if key == DATA_GAPS:
            gaps = take_ranges(reader, GAPS_LIMIT)
        elif key == DATA_CLOCK:
            clock_quality = reader.take_uint(SYNCHRONISED + 1, UNSYNCHRONISED)
        else:
            test = reader.take_true()
    reader.finish()
    return Batch(
        log_id, first_record_no, times_ms, columns, configuration_no, oldest_held, receipted, clock_quality, gaps, test
    )


def _take_identity(reader: Reader) -> tuple[int, int, int]:
    log_id = reader.take_uint(0, UINT32_LIMIT)
    first_record_no = reader.take_uint(0, UINT32_LIMIT)
    start = reader.position
    count = reader.take_uint(1, RECORDS_LIMIT)
    if first_record_no + count - 1 > UINT32_LIMIT:
        raise DecodeError("out-of-range", start)
    return log_id, first_record_no, count


def _take_record_no_before(reader: Reader, first_record_no: int) -> int:
    return first_record_no - reader.take_int(first_record_no - UINT32_LIMIT, first_record_no)


def _take_key(reader: Reader, last: int, limit: int) -> int:
    """Take the next key of a map: rising, so that none comes twice."""
    start = reader.position
    key = reader.take_uint(1, limit)
    if key <= last:
        raise DecodeError("not-ascending", start)
    return key


def _take_times(reader: Reader, count: int, numbers: "array[int]") -> list[int]:
    reader.take_size(ARRAY, 4, 4)
    start = reader.position
    exponent = reader.take_int(MILLISECONDS, SECONDS)
    if exponent != MILLISECONDS and exponent != SECONDS:
        raise DecodeError("out-of-range", start)
    unit_ms = 1 if exponent == MILLISECONDS else 1000
    limit = TIME_LIMIT_MS // unit_ms
    base = reader.take_uint(0, limit)
    step = reader.take_uint(0, UINT32_LIMIT)
    size = reader.take_size(BYTES, 0, 0xFFFF)
    start = reader.position
    reader.position = start + size
    unpack_series(reader.data, start, start + size, 0, count, OFFSET_LIMIT, numbers)
    times_ms = []
    last = -1
    for index in range(count):
        time = base + index * step + numbers[index]
        if time <= last or time > limit:
            raise DecodeError("bad-time", start)
        times_ms.append(time * unit_ms)
        last = time
    return times_ms


def _take_column(reader: Reader, count: int, numbers: "array[int]") -> Column:
    items = reader.take_size(ARRAY, 7, 8)
    sensor_no = reader.take_uint(0, 255)
    variable = reader.take_uint(1, 255)
    statistic = reader.take_uint(0, TOTAL)
    interval_s = reader.take_uint(0, INTERVAL_LIMIT_S)
    exponent = reader.take_int(EXPONENT_LOW, EXPONENT_HIGH)
    channel = Channel(sensor_no, variable, statistic, interval_s, exponent)
    first_at = reader.position
    empty = reader.take_null()
    first = 0 if empty else reader.take_int(-MANTISSA_LIMIT, MANTISSA_LIMIT)
    size = reader.take_size(BYTES, 0, 0xFFFF)
    start = reader.position
    reader.position = start + size
    null_reasons: dict[int, int] = {}
    qualities: dict[int, int] = {}
    resets: list[int] = []
    if items == 8:
        key = 0
        for _ in range(reader.take_size(MAP, 1, 3)):
            key = _take_key(reader, key, COLUMN_RESETS)
            if key == COLUMN_NULLS:
                null_reasons = _take_runs(reader, count, 0, TOO_FEW_VALID)
            elif key == COLUMN_QUALITIES:
                qualities = _take_runs(reader, count, NOT_EVALUATED, FAIL)
            else:
                resets = _take_indices(reader, count)
    present = count - len(null_reasons)
    if empty != (present == 0) or (empty and size):
        raise DecodeError("nulls-disagree", first_at)
    if present:
        unpack_series(reader.data, start, start + size, first, present, MANTISSA_LIMIT, numbers)
    mantissas: list[int | None] = []
    taken = 0
    for index in range(count):
        if index in null_reasons:
            mantissas.append(None)
        else:
            mantissas.append(numbers[taken])
            taken += 1
    for index in qualities:
        if index in null_reasons:
            raise DecodeError("bad-quality", first_at)
    if resets and statistic != TOTAL:
        raise DecodeError("bad-reset", first_at)
    return Column(channel, mantissas, null_reasons, qualities, resets)


def _take_runs(reader: Reader, count: int, low: int, high: int) -> dict[int, int]:
    """Take (index, length, code) triples, rising and not overlapping, as a code by index."""
    start = reader.position
    size = reader.take_size(ARRAY, 3, 3 * count)
    if size % 3:
        raise DecodeError("wrong-size", start)
    codes: dict[int, int] = {}
    free = 0
    for _ in range(size // 3):
        start = reader.position
        index = reader.take_uint(0, count - 1)
        if index < free:
            raise DecodeError("not-ascending", start)
        free = index + reader.take_uint(1, count - index)
        code = reader.take_uint(low, high)
        for position in range(index, free):
            codes[position] = code
    return codes


def _take_indices(reader: Reader, count: int) -> list[int]:
    indices: list[int] = []
    for _ in range(reader.take_size(ARRAY, 1, count)):
        start = reader.position
        index = reader.take_uint(0, count - 1)
        if indices and index <= indices[-1]:
            raise DecodeError("not-ascending", start)
        indices.append(index)
    return indices
