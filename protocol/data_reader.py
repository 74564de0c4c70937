# Shared dialect: runs on MicroPython, on CPython, and compiled (data_reader.pxd).
# cython: annotation_typing=False
"""Data messages read strictly, one column at a time, into arrays: no object per value."""

from array import array

from .batch import (
    COLUMNS_LIMIT,
    CONFIGURATION_LIMIT,
    EXPONENT_HIGH,
    EXPONENT_LOW,
    GAPS_LIMIT,
    INTERVAL_LIMIT_S,
    MANTISSA_LIMIT,
    OFFSET_LIMIT,
    REASON_LIMIT,
    RECORDS_LIMIT,
    SENSOR_LIMIT,
    TIME_LIMIT_MS,
    UINT32_LIMIT,
    VARIABLE_LIMIT,
)
from .cbor import DecodeError
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
from .quality import FAIL, GOOD, MISSING, NOT_EVALUATED, SYNCHRONISED, UNSYNCHRONISED
from .ranges import take_ranges
from .variables import TOTAL


class DataReader:
    """One data message after the other: `open`, then `next_column` until it says False.

    Nothing of a message may be used before `next_column` has said False: only then was every byte of it checked. Per
    record there are `times_ms`, and for the current column `mantissas`, `qualities` (MISSING where there is no value)
    and `reasons` (of a missing value).
    """

    def __init__(self) -> None:
        self.times_ms = array("q", bytes(8 * RECORDS_LIMIT))
        self.mantissas = array("q", bytes(8 * RECORDS_LIMIT))
        self.qualities = bytearray(RECORDS_LIMIT)
        self.reasons = bytearray(RECORDS_LIMIT)
        self.count = 0

    def open(self, payload: bytes) -> None:
        """Read all that comes before the columns, or raise DecodeError."""
        reader = begin(payload, DATA, DATA_ITEMS)
        self.reader = reader
        self.log_id = reader.take_uint(0, UINT32_LIMIT)
        self.first_record_no = reader.take_uint(0, UINT32_LIMIT)
        start = reader.position
        self.count = reader.take_uint(1, RECORDS_LIMIT)
        if self.first_record_no + self.count - 1 > UINT32_LIMIT:
            raise DecodeError("out-of-range", start)
        self.configuration_no = reader.take_uint(0, CONFIGURATION_LIMIT)
        self.oldest_held = self._take_record_no_before()
        self.receipted = self._take_record_no_before()
        self._take_circumstances()
        self._take_times()
        self.columns_left = reader.take_array(1, COLUMNS_LIMIT)

    def next_column(self) -> bool:
        """Read the next column, or raise DecodeError; return False at the end of the message."""
        reader = self.reader
        if self.columns_left == 0:
            reader.finish()
            return False
        self.columns_left -= 1
        items = reader.take_array(7, 8)
        self.sensor_no = reader.take_uint(0, SENSOR_LIMIT)
        self.variable = reader.take_uint(1, VARIABLE_LIMIT)
        self.statistic = reader.take_uint(0, TOTAL)
        self.interval_s = reader.take_uint(0, INTERVAL_LIMIT_S)
        self.exponent = reader.take_int(EXPONENT_LOW, EXPONENT_HIGH)
        first_at = reader.position
        has_values = not reader.take_null()
        first = reader.take_int(-MANTISSA_LIMIT, MANTISSA_LIMIT) if has_values else 0
        size = reader.skip_bytes(0, 0xFFFF)
        packed_end = reader.position
        self.null_count = 0
        self.resets: list[int] = []
        for index in range(self.count):
            self.qualities[index] = GOOD
        if items == 8:
            self._take_exceptions()
        present = self.count - self.null_count
        if has_values != (present > 0) or (size and not has_values):
            raise DecodeError("nulls-disagree", first_at)
        if has_values:
            unpack_series(reader.data, packed_end - size, packed_end, first, present, MANTISSA_LIMIT, self.mantissas)
        if self.null_count:
            self._spread(present)
        return True

    def times(self) -> list[int]:
        """Return the times of all records, Unix ms."""
        return [self.times_ms[index] for index in range(self.count)]

    def values(self) -> list[int | None]:
        """Return the mantissas of the current column, None where there is no value."""
        return [None if self.qualities[index] == MISSING else self.mantissas[index] for index in range(self.count)]

    def null_reasons(self) -> dict[int, int]:
        """Return by index why there is no value in the current column."""
        return {index: self.reasons[index] for index in range(self.count) if self.qualities[index] == MISSING}

    def quality_exceptions(self) -> dict[int, int]:
        """Return by index the quality of the values that are not GOOD in the current column."""
        return {
            index: self.qualities[index]
            for index in range(self.count)
            if self.qualities[index] != GOOD and self.qualities[index] != MISSING
        }

    def _take_record_no_before(self) -> int:
        """Take a record number that is told as its distance below the first one."""
        first = self.first_record_no
        return first - self.reader.take_int(first - UINT32_LIMIT, first)

    def _take_circumstances(self) -> None:
        reader = self.reader
        self.gaps: list[tuple[int, int]] = []
        self.clock_quality = SYNCHRONISED
        self.test = False
        key = 0
        for _ in range(reader.take_map(0, DATA_TEST)):
            key = reader.take_key(key, DATA_TEST)
            if key == DATA_GAPS:
                self.gaps = take_ranges(reader, GAPS_LIMIT)
            elif key == DATA_CLOCK:
                self.clock_quality = reader.take_uint(SYNCHRONISED + 1, UNSYNCHRONISED)
            else:
                self.test = reader.take_true()

    def _take_times(self) -> None:
        reader = self.reader
        reader.take_array(4, 4)
        start = reader.position
        unit = reader.take_int(MILLISECONDS, SECONDS)
        if unit != MILLISECONDS and unit != SECONDS:
            raise DecodeError("out-of-range", start)
        unit_ms = 1 if unit == MILLISECONDS else 1000
        limit = TIME_LIMIT_MS // unit_ms
        base = reader.take_uint(0, limit)
        step = reader.take_uint(0, limit)
        size = reader.skip_bytes(0, 0xFFFF)
        start = reader.position - size
        unpack_series(reader.data, start, reader.position, 0, self.count, OFFSET_LIMIT, self.times_ms)
        last = -1
        for index in range(self.count):
            time = base + index * step + self.times_ms[index]
            if time <= last or time > limit:
                raise DecodeError("bad-time", start)
            self.times_ms[index] = time * unit_ms
            last = time

    def _take_exceptions(self) -> None:
        """Take the map that ends a column: nulls, qualities, resets."""
        reader = self.reader
        key = 0
        for _ in range(reader.take_map(1, COLUMN_RESETS)):
            key = reader.take_key(key, COLUMN_RESETS)
            if key == COLUMN_NULLS:
                self._take_runs(0, REASON_LIMIT)
            elif key == COLUMN_QUALITIES:
                self._take_runs(NOT_EVALUATED, FAIL)
            else:
                self._take_resets()

    def _take_runs(self, low: int, high: int) -> None:
        """Take (index, length, code) triples, rising and not overlapping: null reasons when `low` is 0."""
        reader = self.reader
        start = reader.position
        size = reader.take_array(3, 3 * self.count)
        if size % 3:
            raise DecodeError("wrong-size", start)
        free = 0
        for _ in range(size // 3):
            start = reader.position
            index = reader.take_uint(0, self.count - 1)
            if index < free:
                raise DecodeError("not-ascending", start)
            free = index + reader.take_uint(1, self.count - index)
            code = reader.take_uint(low, high)
            for at in range(index, free):
                if low == 0:
                    self.qualities[at] = MISSING
                    self.reasons[at] = code
                elif self.qualities[at] == MISSING:
                    raise DecodeError("quality-of-null", start)
                else:
                    self.qualities[at] = code
            if low == 0:
                self.null_count += free - index

    def _take_resets(self) -> None:
        reader = self.reader
        start = reader.position
        if self.statistic != TOTAL:
            raise DecodeError("reset-of-no-total", start)
        last = -1
        for _ in range(reader.take_array(1, self.count)):
            last = reader.take_key(last, self.count - 1)
            self.resets.append(last)

    def _spread(self, present: int) -> None:
        """Move the `present` values to the records they belong to, from the last to the first."""
        source = present
        for index in range(self.count - 1, -1, -1):
            if self.qualities[index] == MISSING:
                self.mantissas[index] = 0
            else:
                source -= 1
                self.mantissas[index] = self.mantissas[source]
