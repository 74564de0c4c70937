# Shared dialect: runs on MicroPython and CPython.
"""Data messages to batches."""

from .batch import RECORDS_LIMIT, UINT32_LIMIT, Batch, Channel, Column
from .cbor import DecodeError, Reader
from .data_reader import DataReader
from .kinds import DATA, ITEMS_LIMIT


def read_identity(payload: bytes) -> tuple[int, int, int]:
    """Return (log_id, first_record_no, count) of a data message of any version, or raise DecodeError."""
    reader = Reader(payload)
    reader.take_array(5, ITEMS_LIMIT)
    start = reader.position
    if reader.take_uint(0, 0xFFFF) != DATA:
        raise DecodeError("wrong-kind", start)
    reader.take_uint(1, 0xFFFF)
    log_id = reader.take_uint(0, UINT32_LIMIT)
    first_record_no = reader.take_uint(0, UINT32_LIMIT)
    start = reader.position
    count = reader.take_uint(1, RECORDS_LIMIT)
    if first_record_no + count - 1 > UINT32_LIMIT:
        raise DecodeError("out-of-range", start)
    return log_id, first_record_no, count


def decode_data(payload: bytes) -> Batch:
    """Return the batch, or raise DecodeError: nothing is repaired."""
    reader = DataReader()
    reader.open(payload)
    columns = []
    while reader.next_column():
        columns.append(_column(reader))
    return Batch(
        reader.log_id,
        reader.first_record_no,
        reader.times(),
        columns,
        reader.configuration_no,
        reader.oldest_held,
        reader.receipted,
        reader.clock_quality,
        reader.gaps,
        reader.test,
    )


def _column(reader: DataReader) -> Column:
    channel = Channel(reader.sensor_no, reader.variable, reader.statistic, reader.interval_s, reader.exponent)
    return Column(channel, reader.values(), reader.null_reasons(), reader.quality_exceptions(), reader.resets)
