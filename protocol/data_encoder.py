# Shared dialect: runs on MicroPython and CPython.
"""Data messages to bytes."""

from .batch import (
    COLUMNS_LIMIT,
    CONFIGURATION_LIMIT,
    EXPONENT_HIGH,
    EXPONENT_LOW,
    GAPS_LIMIT,
    INTERVAL_LIMIT_S,
    MANTISSA_LIMIT,
    REASON_LIMIT,
    RECORDS_LIMIT,
    SENSOR_LIMIT,
    TIME_LIMIT_MS,
    UINT32_LIMIT,
    VARIABLE_LIMIT,
    Batch,
    Column,
)
from .cbor import EncodeError, Writer
from .kinds import (
    COLUMN_NULLS,
    COLUMN_QUALITIES,
    COLUMN_RESETS,
    DATA,
    DATA_CLOCK,
    DATA_GAPS,
    DATA_ITEMS,
    DATA_TEST,
    MESSAGE_LIMIT,
    MILLISECONDS,
    SECONDS,
    begin_writing,
)
from .packing import put_series
from .quality import FAIL, NO_READING, NOT_EVALUATED, SYNCHRONISED, UNSYNCHRONISED
from .ranges import put_ranges
from .variables import TOTAL


def encode_data(batch: Batch) -> bytes:
    """Return the batch as a data message, or raise EncodeError."""
    buffer = bytearray(min(MESSAGE_LIMIT, _size_bound(batch)))
    return bytes(memoryview(buffer)[: encode_data_into(batch, buffer)])


def encode_data_into(batch: Batch, buffer: bytearray, start: int = 0) -> int:
    """Write the batch into `buffer` from `start` on and return where the message ends, or raise EncodeError."""
    count = len(batch.times_ms)
    _check("number of records", count, 1, RECORDS_LIMIT)
    _check("number of columns", len(batch.columns), 1, COLUMNS_LIMIT)
    first = batch.first_record_no
    writer = begin_writing(buffer, DATA, DATA_ITEMS, start)
    writer.put_int(_check("log_id", batch.log_id, 0, UINT32_LIMIT))
    writer.put_int(_check("first_record_no", first, 0, UINT32_LIMIT - count + 1))
    writer.put_int(count)
    writer.put_int(_check("configuration_no", batch.configuration_no, 0, CONFIGURATION_LIMIT))
    # Near the first record in the usual case, so the distance is shorter than the number.
    writer.put_int(first - _check("oldest_held", batch.oldest_held, 0, UINT32_LIMIT))
    writer.put_int(first - _check("receipted", batch.receipted, 0, UINT32_LIMIT))
    _put_circumstances(writer, batch)
    _put_times(writer, batch.times_ms)
    writer.put_array(len(batch.columns))
    for column in batch.columns:
        _put_column(writer, column, count)
    return writer.position


def _put_circumstances(writer: Writer, batch: Batch) -> None:
    synchronised = batch.clock_quality == SYNCHRONISED
    writer.put_map((1 if batch.gaps else 0) + (0 if synchronised else 1) + (1 if batch.test else 0))
    if batch.gaps:
        writer.put_int(DATA_GAPS)
        put_ranges(writer, batch.gaps, GAPS_LIMIT)
    if not synchronised:
        writer.put_int(DATA_CLOCK)
        writer.put_int(_check("clock_quality", batch.clock_quality, SYNCHRONISED, UNSYNCHRONISED))
    if batch.test:
        writer.put_int(DATA_TEST)
        writer.put_true()


def _size_bound(batch: Batch) -> int:
    # 7 bytes hold the longest number of a packed series, and the longest run of exceptions; 32 a column without them.
    exceptions = sum(len(column.null_reasons) + len(column.qualities) + len(column.resets) for column in batch.columns)
    numbers = (len(batch.columns) + 1) * len(batch.times_ms)
    return 64 + 10 * len(batch.gaps) + 32 * len(batch.columns) + 7 * (numbers + exceptions)


def _check(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise EncodeError("%s %r: expected %d to %d" % (name, value, low, high))
    return value


def _put_times(writer: Writer, times_ms: list[int]) -> None:
    first = _check("time in ms", times_ms[0], 0, TIME_LIMIT_MS)
    _check("time in ms", times_ms[-1], 0, TIME_LIMIT_MS)
    whole_seconds = first % 1000 == 0
    # The shortest of all steps: no record is before its regular instant, and none further behind it than the last time.
    step_ms = TIME_LIMIT_MS if len(times_ms) > 1 else 0
    for index in range(1, len(times_ms)):
        between_ms = times_ms[index] - times_ms[index - 1]
        if between_ms <= 0:
            raise EncodeError("time %d ms: expected later than the record before" % times_ms[index])
        if between_ms % 1000:
            whole_seconds = False
        step_ms = min(step_ms, between_ms)
    unit_ms = 1000 if whole_seconds else 1
    base = first // unit_ms
    step = step_ms // unit_ms
    writer.put_array(4)
    writer.put_int(SECONDS if whole_seconds else MILLISECONDS)
    writer.put_int(base)
    writer.put_int(step)
    if times_ms[-1] - first == step_ms * (len(times_ms) - 1):
        writer.put_bytes(b"")
    else:
        put_series(writer, [time // unit_ms - base - index * step for index, time in enumerate(times_ms)])


def _put_column(writer: Writer, column: Column, count: int) -> None:
    channel = column.channel
    if len(column.mantissas) != count:
        raise EncodeError("a column of %d values: expected %d, one per record" % (len(column.mantissas), count))
    first = None
    nulls = 0
    for mantissa in column.mantissas:
        if mantissa is None:
            nulls += 1
            continue
        _check("mantissa", mantissa, -MANTISSA_LIMIT, MANTISSA_LIMIT)
        if first is None:
            first = mantissa
    exceptions = (1 if nulls else 0) + (1 if column.qualities else 0) + (1 if column.resets else 0)
    writer.put_array(8 if exceptions else 7)
    writer.put_int(_check("sensor_no", channel.sensor_no, 0, SENSOR_LIMIT))
    writer.put_int(_check("variable", channel.variable, 1, VARIABLE_LIMIT))
    writer.put_int(_check("statistic", channel.statistic, 0, TOTAL))
    writer.put_int(_check("interval_s", channel.interval_s, 0, INTERVAL_LIMIT_S))
    writer.put_int(_check("exponent", channel.exponent, EXPONENT_LOW, EXPONENT_HIGH))
    if first is None:
        writer.put_null()
    else:
        writer.put_int(first)
    put_series(writer, column.mantissas)
    if not exceptions:
        return
    writer.put_map(exceptions)
    if nulls:
        reasons = {
            index: _check("null reason", column.null_reasons.get(index, NO_READING), 0, REASON_LIMIT)
            for index in range(count)
            if column.mantissas[index] is None
        }
        writer.put_int(COLUMN_NULLS)
        _put_runs(writer, reasons)
    if column.qualities:
        for index, quality in column.qualities.items():
            _check("index of a quality", index, 0, count - 1)
            _check("quality", quality, NOT_EVALUATED, FAIL)
            if column.mantissas[index] is None:
                raise EncodeError("record %d of a column: a null has a reason, not a quality" % index)
        writer.put_int(COLUMN_QUALITIES)
        _put_runs(writer, column.qualities)
    if column.resets:
        if channel.statistic != TOTAL:
            raise EncodeError("only a running total has resets")
        writer.put_int(COLUMN_RESETS)
        writer.put_array(len(column.resets))
        low = 0
        for index in column.resets:
            writer.put_int(_check("index of a reset", index, low, count - 1))
            low = index + 1


def _put_runs(writer: Writer, codes: dict[int, int]) -> None:
    """Put codes by index as (index, length, code) triples."""
    runs: list[list[int]] = []
    for index in sorted(codes):
        if runs and runs[-1][0] + runs[-1][1] == index and runs[-1][2] == codes[index]:
            runs[-1][1] += 1
        else:
            runs.append([index, 1, codes[index]])
    writer.put_array(3 * len(runs))
    for run in runs:
        for item in run:
            writer.put_int(item)
