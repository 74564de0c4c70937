"""The values of a batch's records, one by one, under the names they have in a store."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from protocol.batch import Batch, Column
from protocol.data_reader import DataReader
from protocol.messages import decode_data
from protocol.quality import GOOD, MISSING, NO_READING, NOT_SCHEDULED
from protocol.variables import field_name

__all__ = ["Head", "Value", "column_names", "decode_records", "primary", "read_head", "values_of"]


class Head(NamedTuple):
    """What must be known of a batch before its records are taken; the same names as in Batch."""

    log_id: int
    first_record_no: int
    times_ms: list[int]
    oldest_held: int
    receipted: int
    gaps: list[tuple[int, int]]


class Value(NamedTuple):
    """One value of one record; `record_index` counts from the batch's first record."""

    record_index: int
    sensor: int
    variable: str
    value: float | None
    quality: int
    null_reason: int | None


def decode_records(payload: bytes, log_id: int) -> Batch:
    """Return the records that a frame or dead letter keeps, under its log id; raise DecodeError.

    The id of another maker's logger is longer than the wire has room for, so that the payload has only a part of it.
    """
    batch = decode_data(payload)
    batch.log_id = log_id
    return batch


def read_head(reader: DataReader, payload: bytes) -> tuple[Head, list[tuple[int, str]]]:
    """Return the head and (sensor, variable) of each column of a message that was read strictly to its end.

    Raises DecodeError, and UnknownVariable or ValueError for what has no name.
    """
    reader.open(payload)
    names = []
    while reader.next_column():
        names.append((reader.sensor_no, _field_name(reader.variable, reader.statistic)))
    head = Head(
        reader.log_id, reader.first_record_no, reader.times(), reader.oldest_held, reader.receipted, reader.gaps
    )
    return head, names


# The names are few, and asked for with each message.
_field_name = cache(field_name)


def column_names(batch: Batch) -> list[tuple[int, str]]:
    """Return (sensor, variable) of each column; raise UnknownVariable or ValueError for what has no name."""
    return [(column.channel.sensor_no, _field_name(column.channel.variable, column.channel.statistic))
            for column in batch.columns]  # fmt: skip


def values_of(batch: Batch, indexes: Iterable[int]) -> Iterator[Value]:
    """Yield the values of the chosen records, column by column; what was not scheduled is left out."""
    chosen = list(indexes)
    for (_, variable), column in zip(column_names(batch), batch.columns, strict=True):
        yield from _values_of_column(column, variable, chosen)


def primary(batch: Batch, indexes: Iterable[int], variable: str) -> list[Value]:
    """Return the values of a variable by the sensor of the lowest number that measures it, in the order of time."""
    chosen = list(indexes)
    names = zip(column_names(batch), batch.columns, strict=True)
    measured = [(sensor, column) for (sensor, name), column in names if name == variable]
    for _, column in sorted(measured, key=lambda each: each[0]):
        values = list(_values_of_column(column, variable, chosen))
        if values:
            return values
    return []


def _values_of_column(column: Column, variable: str, indexes: Iterable[int]) -> Iterator[Value]:
    sensor = column.channel.sensor_no
    for index in indexes:
        value = _value(column, index)
        if value is not None:
            yield Value(index, sensor, variable, value, column.qualities.get(index, GOOD), None)
            continue
        reason = column.null_reasons.get(index, NO_READING)
        if reason != NOT_SCHEDULED:
            yield Value(index, sensor, variable, None, column.qualities.get(index, MISSING), reason)


def _value(column: Column, index: int) -> float | None:
    mantissa = column.mantissas[index]
    if mantissa is None:
        return None
    exponent = column.channel.exponent
    # Dividing by a power of ten rounds once, so that 1234 and -3 become exactly the float that "1.234" is.
    return mantissa * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent
