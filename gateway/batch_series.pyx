# cython: boundscheck=False, cdivision=True
"""A batch as VictoriaMetrics imports it: the points of its lines, series by series, each time written once.

The twin in plain Python is batch_series_twin.py; the same tests hold both to the same bytes. Bounds are not checked by
the compiler here: every index lies inside the counts of the strict reader, and the size of the buffer is summed up from
the longest form of every part before the first byte is written.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

from gateway.batch_lines cimport BatchLines
from gateway.digits cimport put_decimal, put_number
from protocol.data_reader cimport DataReader

from protocol.batch import RECORDS_LIMIT
from protocol.quality import MISSING, NOT_SCHEDULED

cdef enum:
    RECORDS = 512
    NUMBER = 21  # digits of the longest 64-bit number, and a comma
    DECIMAL = 25  # more than the longest value has, and a comma
    AROUND = 128  # more than the letters around labels, name, values and times, and what is written behind them
    RECORD_SERIES = 5
    QUALITY_SIZE = 8  # of "_quality"

# What a record has of a column, each more than the one before.
cdef enum:
    NOTHING
    QUALITY
    VALUE_AND_QUALITY

cdef int _MISSING = MISSING
cdef int _NOT_SCHEDULED = NOT_SCHEDULED
assert RECORDS == RECORDS_LIMIT

cdef extern from "Python.h":
    # As the C API has them: bytes may be resized only while nobody else has them.
    PyObject* PyBytes_FromStringAndSize(const char* text, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject** text, Py_ssize_t size) except -1
    void Py_DECREF(PyObject* text)


# What the series of a message share.
cdef struct Common:
    const char* labels
    Py_ssize_t labels_size
    Py_ssize_t count
    const int64_t* times_ms
    const char* times  # of all records as text, in the first series
    Py_ssize_t times_size


def series_of(BatchLines batch not None, bytes labels not None):
    """Return one line of JSON for each series of the message that `batch` has read (/api/v1/import).

    `labels` is `"basin":"...","station":"..."`, escaped. Raises ValueError when no message was read, or it was refused.
    """
    if batch.column_count == 0:
        raise ValueError("there are no series: read a message first")
    cdef PyObject* text = PyBytes_FromStringAndSize(NULL, _size(batch, PyBytes_GET_SIZE(labels)))
    cdef char* start = PyBytes_AS_STRING(<bytes>text)
    cdef char* end = start
    cdef DataReader reader = batch.reader
    cdef Common common
    cdef int column
    common.labels, common.labels_size = PyBytes_AS_STRING(labels), PyBytes_GET_SIZE(labels)
    common.count, common.times_ms = reader.count, &reader.times_ms[0]
    end = _put_numbers(end, &common, reader.first_record_no)
    end = _put_constant(end, &common, b"log_id", 6, reader.log_id)
    end = _put_constant(end, &common, b"configuration_no", 16, reader.configuration_no)
    end = _put_constant(end, &common, b"clock_quality", 13, reader.clock_quality)
    end = _put_constant(end, &common, b"test", 4, reader.test)
    for column in range(batch.column_count):
        end = _put_column(end, &common, batch, column)
    _PyBytes_Resize(&text, end - start)
    written = <bytes>text
    Py_DECREF(text)  # `written` has its own
    return written


cdef Py_ssize_t _size(BatchLines batch, Py_ssize_t labels_size):
    """Return how many bytes the series can take at most."""
    cdef Py_ssize_t size = AROUND + labels_size + batch.reader.count * (DECIMAL + NUMBER)
    cdef int column
    size *= RECORD_SERIES + 2 * batch.column_count
    for column in range(batch.column_count):
        size += PyBytes_GET_SIZE(<bytes>batch._names[column])
    return size


cdef char* _put_numbers(char* out, Common* common, int64_t first_record_no):
    """Put the series of the record numbers, and note where in it the times are."""
    cdef Py_ssize_t index
    out = _put(out, b'{"metric":{"__name__":"record_record_no",', 41)
    out = _put(out, common.labels, common.labels_size)
    out = _put(out, b'},"values":[', 12)
    for index in range(common.count):
        out = _put_item(out, first_record_no + index)
    out = _put(out - 1, b'],"timestamps":[', 16)
    common.times = out
    for index in range(common.count):
        out = _put_item(out, common.times_ms[index])
    common.times_size = out - common.times
    return _put(out - 1, b"]}\n", 3)


cdef char* _put_constant(char* out, Common* common, const char* name, Py_ssize_t name_size, int64_t value):
    """Put a series of the record that has one value throughout the message."""
    cdef Py_ssize_t index
    out = _put(out, b'{"metric":{"__name__":"record_', 30)
    out = _put(out, name, name_size)
    out = _put(out, b'",', 2)
    out = _put(out, common.labels, common.labels_size)
    out = _put(out, b'},"values":[', 12)
    for index in range(common.count):
        out = _put_item(out, value)
    return _put_all_times(out, common)


cdef char* _put_column(char* out, const Common* common, BatchLines batch, int column):
    """Put the values of a column and their qualities."""
    cdef Py_ssize_t start = column * common.count
    cdef const uint8_t* qualities = &batch._qualities[start]
    cdef const uint8_t* reasons = &batch._reasons[start]
    cdef bytes names = <bytes>batch._names[column]  # b",stage_m=,stage_m_quality=1i"
    cdef const char* name = PyBytes_AS_STRING(names) + 1
    cdef Py_ssize_t name_size = batch._plain_sizes[column] - 2
    cdef uint8_t has[RECORDS]
    cdef Py_ssize_t index, values = 0, present = 0
    for index in range(common.count):
        has[index] = VALUE_AND_QUALITY
        if qualities[index] == _MISSING:
            has[index] = NOTHING if reasons[index] == _NOT_SCHEDULED else QUALITY
        values += has[index] >= VALUE_AND_QUALITY
        present += has[index] >= QUALITY
    if values:
        out = _begin_observations(out, common, name, name_size, batch._sensors[column])
        for index in range(common.count):
            if has[index] >= VALUE_AND_QUALITY:
                out = put_decimal(out, batch._mantissas[start + index], batch._exponents[column])
                out = _put(out, b",", 1)
        out = _put_times(out, common, has, VALUE_AND_QUALITY, values)
    if present:
        name_size += QUALITY_SIZE
        out = _begin_observations(out, common, name + batch._plain_sizes[column], name_size, batch._sensors[column])
        for index in range(common.count):
            if has[index] >= QUALITY:
                out = _put_item(out, qualities[index])
        out = _put_times(out, common, has, QUALITY, present)
    return out


cdef char* _begin_observations(
    char* out, const Common* common, const char* name, Py_ssize_t name_size, int sensor
) noexcept:
    out = _put(out, b'{"metric":{"__name__":"observation_', 35)
    out = _put(out, name, name_size)
    out = _put(out, b'",', 2)
    out = _put(out, common.labels, common.labels_size)
    out = _put(out, b',"sensor":"', 11)
    out = put_number(out, sensor)
    return _put(out, b'"},"values":[', 13)


cdef char* _put_times(char* out, const Common* common, const uint8_t* has, int least, Py_ssize_t number) noexcept:
    """Put the times of the `number` records that have so much, and the end of the series."""
    cdef Py_ssize_t index
    if number == common.count:
        return _put_all_times(out, common)
    out = _put(out - 1, b'],"timestamps":[', 16)
    for index in range(common.count):
        if has[index] >= least:
            out = _put_item(out, common.times_ms[index])
    return _put(out - 1, b"]}\n", 3)


cdef char* _put_all_times(char* out, const Common* common) noexcept:
    out = _put(out - 1, b'],"timestamps":[', 16)
    out = _put(out, common.times, common.times_size)
    return _put(out - 1, b"]}\n", 3)


cdef inline char* _put_item(char* out, int64_t number) noexcept:
    """Put a number and a comma; what ends the list takes the place of the last one."""
    return _put(put_number(out, number), b",", 1)


cdef inline char* _put(char* out, const char* text, Py_ssize_t size) noexcept:
    memcpy(out, text, size)
    return out + size
