# cython: boundscheck=False, cdivision=True
"""A data message read into arrays, and written as line protocol in one buffer: no Python object per value.

The twin in plain Python is batch_lines_twin.py; the same tests hold both to the same bytes. Bounds are not checked by the
compiler here: every index lies inside `count` and `column_count`, which the strict reader has checked, and the size of
the buffer is summed up from the longest form of every part before the first byte is written.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

from protocol.data_reader cimport DataReader

from array import array

from protocol.batch import COLUMNS_LIMIT, RECORDS_LIMIT
from protocol.quality import MISSING, NOT_SCHEDULED
from protocol.variables import field_name

cdef enum:
    COLUMNS = 64
    NUMBER = 20  # digits of the longest 64-bit number
    DECIMAL = 24  # more than the longest value has: sign, ten digits, a point, and six zeros behind or one before

cdef int _MISSING = MISSING
cdef int _NOT_SCHEDULED = NOT_SCHEDULED
assert COLUMNS == COLUMNS_LIMIT


cdef class BatchLines:
    """One batch after the other: `read`, then its arrays or its `lines`."""

    cdef readonly DataReader reader
    cdef readonly int column_count
    cdef int64_t[::1] _mantissas  # column by column, `reader.count` of each
    cdef uint8_t[::1] _qualities
    cdef uint8_t[::1] _reasons
    cdef Py_ssize_t _capacity  # of each of the three, in values
    cdef int _sensors[COLUMNS]
    cdef int _exponents[COLUMNS]
    cdef list _names  # of each column, as bytes
    cdef dict _known_names

    def __init__(self):
        self.reader = DataReader()
        self._known_names = {}
        self._reserve(4 * RECORDS_LIMIT)

    def read(self, bytes payload not None):
        """Read the whole message strictly; raise DecodeError, or ValueError for a variable without a name."""
        cdef DataReader reader = self.reader
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t count
        self.column_count = 0
        self._names = []
        reader.open(payload)
        count = reader.count
        while reader.next_column():
            if at + count > self._capacity:
                self._reserve(2 * self._capacity)
            memcpy(&self._mantissas[at], &reader.mantissas[0], count * sizeof(int64_t))
            memcpy(&self._qualities[at], &reader.qualities[0], count)
            memcpy(&self._reasons[at], &reader.reasons[0], count)
            self._sensors[self.column_count] = reader.sensor_no
            self._exponents[self.column_count] = reader.exponent
            self._names.append(self._name(reader.variable, reader.statistic))
            self.column_count += 1
            at += count

    def column(self, int index):
        """Return (sensor, field name, exponent, mantissas, qualities) of a column; the arrays live until the next read."""
        cdef Py_ssize_t count = self.reader.count
        if not 0 <= index < self.column_count:
            raise IndexError(index)
        at = index * count
        name = self._names[index].decode()
        mantissas = self._mantissas[at : at + count]
        return self._sensors[index], name, self._exponents[index], mantissas, self._qualities[at : at + count]

    def lines(self, bytes place not None):
        """Return the lines of every record: `record`, and one `observation` per sensor with a value or its absence.

        `place` is `basin=...,station=...`, escaped.
        """
        cdef Py_ssize_t bound = self._bound(PyBytes_GET_SIZE(place))
        cdef bytes buffer = PyBytes_FromStringAndSize(NULL, bound)
        cdef char* start = PyBytes_AS_STRING(buffer)
        cdef char* end = self._write(start, PyBytes_AS_STRING(place), PyBytes_GET_SIZE(place))
        return PyBytes_FromStringAndSize(start, end - start)

    cdef Py_ssize_t _bound(self, Py_ssize_t place_size):
        """Return how many bytes the lines can take at most."""
        cdef Py_ssize_t per_record = place_size + 96 + 6 * NUMBER
        cdef int column
        for column in range(self.column_count):
            per_record += place_size + 32 + 2 * NUMBER
            per_record += 2 * PyBytes_GET_SIZE(self._names[column]) + 16 + DECIMAL + NUMBER
        return per_record * self.reader.count

    cdef char* _write(self, char* out, const char* place, Py_ssize_t place_size):
        cdef DataReader reader = self.reader
        cdef Py_ssize_t count = reader.count
        cdef Py_ssize_t index, at
        cdef int column, other, sensor
        cdef char time[NUMBER + 2]
        cdef Py_ssize_t time_size
        cdef bint begun
        cdef const char* names[COLUMNS]
        cdef Py_ssize_t name_sizes[COLUMNS]
        cdef bint leads[COLUMNS]  # the first column of its sensor
        for column in range(self.column_count):
            names[column] = PyBytes_AS_STRING(self._names[column])
            name_sizes[column] = PyBytes_GET_SIZE(self._names[column])
            leads[column] = True
            for other in range(column):
                if self._sensors[other] == self._sensors[column]:
                    leads[column] = False
                    break
        for index in range(count):
            time[0] = b" "
            time_size = _put_number(time + 1, reader.times_ms[index]) - time
            time[time_size] = b"\n"
            time_size += 1
            out = _put(out, b"record,", 7)
            out = _put(out, place, place_size)
            out = _put(out, b" log_id=", 8)
            out = _put_number(out, reader.log_id)
            out = _put(out, b"i,record_no=", 12)
            out = _put_number(out, reader.first_record_no + index)
            out = _put(out, b"i,configuration_no=", 19)
            out = _put_number(out, reader.configuration_no)
            out = _put(out, b"i,clock_quality=", 16)
            out = _put_number(out, reader.clock_quality)
            out = _put(out, b"i,test=", 7)
            out = _put_number(out, reader.test)
            out = _put(out, b"i", 1)
            out = _put(out, time, time_size)
            for column in range(self.column_count):
                if not leads[column]:
                    continue
                sensor = self._sensors[column]
                begun = False
                for other in range(column, self.column_count):
                    if self._sensors[other] != sensor:
                        continue
                    at = other * count + index
                    if self._qualities[at] == _MISSING and self._reasons[at] == _NOT_SCHEDULED:
                        continue
                    if begun:
                        out = _put(out, b",", 1)
                    else:
                        out = _put(out, b"observation,", 12)
                        out = _put(out, place, place_size)
                        out = _put(out, b",sensor=", 8)
                        out = _put_number(out, sensor)
                        out = _put(out, b" ", 1)
                        begun = True
                    if self._qualities[at] != _MISSING:
                        out = _put(out, names[other], name_sizes[other])
                        out = _put(out, b"=", 1)
                        out = _put_decimal(out, self._mantissas[at], self._exponents[other])
                        out = _put(out, b",", 1)
                    out = _put(out, names[other], name_sizes[other])
                    out = _put(out, b"_quality=", 9)
                    out = _put_number(out, self._qualities[at])
                    out = _put(out, b"i", 1)
                if begun:
                    out = _put(out, time, time_size)
        return out

    cdef bytes _name(self, int variable, int statistic):
        cdef object name = self._known_names.get(variable << 4 | statistic)
        if name is None:
            name = self._known_names[variable << 4 | statistic] = field_name(variable, statistic).encode()
        return name

    cdef _reserve(self, Py_ssize_t values):
        """Make room for `values` values, and keep those there are."""
        cdef int64_t[::1] mantissas = array("q", bytes(8 * values))
        cdef uint8_t[::1] qualities = bytearray(values)
        cdef uint8_t[::1] reasons = bytearray(values)
        if self._capacity:
            mantissas[: self._capacity] = self._mantissas
            qualities[: self._capacity] = self._qualities
            reasons[: self._capacity] = self._reasons
        self._mantissas, self._qualities, self._reasons = mantissas, qualities, reasons
        self._capacity = values


cdef inline char* _put(char* out, const char* text, Py_ssize_t size) noexcept:
    memcpy(out, text, size)
    return out + size


cdef inline char* _put_number(char* out, int64_t number) noexcept:
    """Put a number that is not negative."""
    cdef char digits[NUMBER]
    cdef int at = NUMBER
    while True:
        at -= 1
        digits[at] = <char>(48 + number % 10)
        number //= 10
        if number == 0:
            break
    memcpy(out, &digits[at], NUMBER - at)
    return out + NUMBER - at


cdef inline char* _put_decimal(char* out, int64_t mantissa, int exponent) noexcept:
    """Put mantissa * 10**exponent with all its decimals, and at least one digit before the point."""
    cdef char digits[DECIMAL]
    cdef int at = DECIMAL
    cdef int place
    if mantissa < 0:
        out[0] = b"-"
        out += 1
        mantissa = -mantissa
    for place in range(exponent):
        at -= 1
        digits[at] = b"0"
    for place in range(exponent, 0):
        at -= 1
        digits[at] = <char>(48 + mantissa % 10)
        mantissa //= 10
    if exponent < 0:
        at -= 1
        digits[at] = b"."
    while True:
        at -= 1
        digits[at] = <char>(48 + mantissa % 10)
        mantissa //= 10
        if mantissa == 0:
            break
    memcpy(out, &digits[at], DECIMAL - at)
    return out + DECIMAL - at
