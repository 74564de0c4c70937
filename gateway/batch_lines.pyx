# cython: boundscheck=False, cdivision=True
"""A data message read into arrays, and written as line protocol in one buffer: no Python object per value.

The twin in plain Python is batch_lines_twin.py; the same tests hold both to the same bytes. Bounds are not checked by
the compiler here: every index lies inside `count` and `column_count`, which the strict reader has checked, and the size
of the buffer is summed up from the longest form of every part before the first byte is written.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

from gateway.digits cimport DECIMALS_LIMIT, EIGHT_DIGITS, eight_digits, put_decimal, put_eight, put_number
from protocol.data_reader cimport DataReader

from array import array

from protocol.batch import COLUMNS_LIMIT, EXPONENT_LOW, RECORDS_LIMIT
from protocol.quality import MISSING, NOT_SCHEDULED
from protocol.variables import field_name

cdef enum:
    STEP = 16  # bytes that one instruction moves
    NUMBER = 20  # digits of the longest 64-bit number
    DECIMAL = 24  # more than the longest value has: sign, ten digits, a point, and six zeros behind or one before

# What the two parts of ",stage_m=,stage_m_quality=1i" do not share.
cdef Py_ssize_t PLAIN_REST = len("_quality1i")

cdef int _MISSING = MISSING
cdef int _NOT_SCHEDULED = NOT_SCHEDULED
assert COLUMNS == COLUMNS_LIMIT
assert EXPONENT_LOW >= -DECIMALS_LIMIT

cdef extern from "Python.h":
    # As the C API has them: bytes may be resized only while nobody else has them.
    PyObject* PyBytes_FromStringAndSize(const char* text, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject** text, Py_ssize_t size) except -1
    void Py_DECREF(PyObject* text)


cdef class BatchLines:
    """One batch after the other: `read`, then its arrays or its `lines`."""

    def __init__(self):
        self.reader = DataReader()
        self._known_names = {}
        self._parts = bytearray()
        self._reserve(4 * RECORDS_LIMIT)

    def read(self, bytes payload not None):
        """Read the whole message strictly; raise DecodeError, or ValueError for a variable without a name."""
        cdef DataReader reader = self.reader
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t count
        cdef int number = 0
        cdef bytes name
        self.column_count = 0  # until all of the message was checked
        self._names = []
        reader.open(payload)
        count = reader.count
        while reader.next_column():
            if at + count > self._capacity:
                self._reserve(2 * self._capacity)
            memcpy(&self._mantissas[at], &reader.mantissas[0], count * sizeof(int64_t))
            memcpy(&self._qualities[at], &reader.qualities[0], count)
            memcpy(&self._reasons[at], &reader.reasons[0], count)
            self._sensors[number] = reader.sensor_no
            self._exponents[number] = reader.exponent
            name = self._name(reader.variable, reader.statistic)
            self._plain_sizes[number] = (PyBytes_GET_SIZE(name) - PLAIN_REST) // 2
            self._names.append(name)
            number += 1
            at += count
        self.column_count = number

    def column(self, int index):
        """Return (sensor, field name, exponent, mantissas, qualities); the arrays are good until the next read."""
        cdef Py_ssize_t count = self.reader.count
        if not 0 <= index < self.column_count:
            raise IndexError(index)
        at = index * count
        name = self._names[index][1 : self._plain_sizes[index] - 1].decode()
        mantissas = self._mantissas[at : at + count]
        return self._sensors[index], name, self._exponents[index], mantissas, self._qualities[at : at + count]

    def lines(self, bytes place not None):
        """Return the lines of every record: `record`, and one `observation` per sensor with a value or its absence.

        `place` is `basin=...,station=...`, escaped. Raises ValueError when no message was read or the last refused.
        """
        if self.column_count == 0:
            raise ValueError("there are no lines: read a message first")
        cdef Py_ssize_t per_record = self._per_record(PyBytes_GET_SIZE(place))
        cdef PyObject* lines
        cdef char* start
        cdef char* end
        if per_record > PyByteArray_GET_SIZE(self._parts):
            self._parts = bytearray(per_record)
        lines = PyBytes_FromStringAndSize(NULL, per_record * self.reader.count)
        start = PyBytes_AS_STRING(<bytes>lines)
        end = self._write(
            start, PyByteArray_AS_STRING(self._parts), PyBytes_AS_STRING(place), PyBytes_GET_SIZE(place)
        )
        _PyBytes_Resize(&lines, end - start)
        written = <bytes>lines
        Py_DECREF(lines)  # `written` has its own
        return written

    cdef Py_ssize_t _per_record(self, Py_ssize_t place_size):
        """Return how many bytes the lines of one record can take at most; the parts all records share take less."""
        cdef Py_ssize_t per_record = place_size + 96 + 6 * NUMBER + STEP
        cdef int column
        for column in range(self.column_count):
            per_record += place_size + 32 + 2 * NUMBER
            per_record += PyBytes_GET_SIZE(self._names[column]) + DECIMAL + NUMBER
        return per_record

    cdef char* _write(self, char* out, char* parts, const char* place, Py_ssize_t place_size):
        """Write first what all records have in common to `parts`, then the lines to `out`; return where these end."""
        cdef DataReader reader = self.reader
        cdef const int64_t* times_ms = &reader.times_ms[0]
        cdef Column columns[COLUMNS]
        cdef int ends[COLUMNS]  # where the columns of each sensor end in `columns`
        cdef int sensors = 0, number = 0
        cdef int column, other, sensor
        cdef Part head, tail, time
        cdef char time_text[2 * STEP]  # " 1535587200000" and a line feed
        cdef int64_t high = 0  # of the time there, what comes before the last eight digits
        cdef Py_ssize_t index
        head = Part(parts, 0)
        parts = _put(parts, b"record,", 7)
        parts = _put(parts, place, place_size)
        parts = _put(parts, b" log_id=", 8)
        parts = put_number(parts, reader.log_id)
        parts = _put(parts, b"i,record_no=", 12)
        head.size = parts - head.start
        tail = Part(parts, 0)
        parts = _put(parts, b"i,configuration_no=", 19)
        parts = put_number(parts, reader.configuration_no)
        parts = _put(parts, b"i,clock_quality=", 16)
        parts = put_number(parts, reader.clock_quality)
        parts = _put(parts, b"i,test=", 7)
        parts = put_number(parts, reader.test)
        parts = _put(parts, b"i", 1)
        tail.size = parts - tail.start
        for column in range(self.column_count):
            if self._is_first_of_sensor(column):
                for other in range(column, self.column_count):
                    if self._sensors[other] == self._sensors[column]:
                        parts = self._describe(&columns[number], other, parts, place, place_size)
                        number += 1
                ends[sensors] = number
                sensors += 1
        time = Part(&time_text[0], 0)
        for index in range(reader.count):
            out = _put_part(out, head)
            out = put_number(out, reader.first_record_no + index)
            out = _put_part(out, tail)
            # Most times of a batch differ in the last eight digits only.
            if high == 0 or times_ms[index] // EIGHT_DIGITS != high:
                high = times_ms[index] // EIGHT_DIGITS
                time.size = _put_time(time_text, times_ms[index]) - time_text
            else:
                put_eight(time_text + time.size - 9, eight_digits(<uint32_t>(times_ms[index] % EIGHT_DIGITS)))
            out = _put_part(out, time)
            column = 0
            for sensor in range(sensors):
                out = _put_observation(out, &columns[column], &columns[ends[sensor]], index, time)
                column = ends[sensor]
        return out

    cdef bint _is_first_of_sensor(self, int column):
        cdef int other
        for other in range(column):
            if self._sensors[other] == self._sensors[column]:
                return False
        return True

    cdef char* _describe(self, Column* column, int index, char* parts, const char* place, Py_ssize_t place_size):
        """Fill in a column, and write its names and how the lines of its sensor begin to `parts`."""
        cdef Py_ssize_t start = index * self.reader.count
        cdef bytes names = <bytes>self._names[index]
        column.exponent = self._exponents[index]
        column.mantissas = &self._mantissas[start]
        column.qualities = &self._qualities[start]
        column.reasons = &self._reasons[start]
        column.name = Part(parts, self._plain_sizes[index])
        parts = _put(parts, PyBytes_AS_STRING(names), PyBytes_GET_SIZE(names))
        column.quality = Part(column.name.start + column.name.size, PyBytes_GET_SIZE(names) - column.name.size)
        column.lead = Part(parts, 0)
        parts = _put(parts, b"observation,", 12)
        parts = _put(parts, place, place_size)
        parts = _put(parts, b",sensor=", 8)
        parts = put_number(parts, self._sensors[index])
        column.lead.size = parts - column.lead.start
        return parts

    cdef bytes _name(self, int variable, int statistic):
        cdef object name = self._known_names.get(variable << 4 | statistic)
        if name is None:
            plain = field_name(variable, statistic)
            name = self._known_names[variable << 4 | statistic] = f",{plain}=,{plain}_quality=1i".encode()
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


cdef char* _put_observation(char* out, const Column* column, const Column* end, Py_ssize_t index, Part time) noexcept:
    """Put the line of one sensor in one record, or nothing if none of its channels was due."""
    cdef char* start = out
    cdef char* fields = _put_part(out, column.lead)
    cdef int quality
    out = fields
    while column < end:
        quality = column.qualities[index]
        if quality != _MISSING:
            out = _put_part(out, column.name)
            out = put_decimal(out, column.mantissas[index], column.exponent)
        if quality != _MISSING or column.reasons[index] != _NOT_SCHEDULED:
            out = _put_part(out, column.quality)
            (out - 2)[0] = <char>(48 + quality)
        column += 1
    if out == fields:
        return start
    fields[0] = b" "  # each field begins with a comma; the first one needs none
    return _put_part(out, time)


cdef char* _put_time(char* out, int64_t time_ms) noexcept:
    out = _put(out, b" ", 1)
    out = put_number(out, time_ms)
    return _put(out, b"\n", 1)


cdef inline char* _put_part(char* out, Part part) noexcept:
    """Put a part of the buffer, in steps that may read and write up to STEP - 1 bytes behind it."""
    cdef Py_ssize_t at = 0
    while at < part.size:
        memcpy(out + at, part.start + at, STEP)
        at += STEP
    return out + part.size


cdef inline char* _put(char* out, const char* text, Py_ssize_t size) noexcept:
    memcpy(out, text, size)
    return out + size
