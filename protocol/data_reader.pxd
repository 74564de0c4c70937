cimport cython
from libc.stdint cimport int64_t

from .cbor cimport Reader
from .kinds cimport begin
from .packing cimport unpack_series

cdef int COLUMNS_LIMIT
cdef int CONFIGURATION_LIMIT
cdef int EXPONENT_HIGH
cdef int EXPONENT_LOW
cdef int GAPS_LIMIT
cdef int INTERVAL_LIMIT_S
cdef int64_t MANTISSA_LIMIT
cdef int64_t OFFSET_LIMIT
cdef int REASON_LIMIT
cdef int RECORDS_LIMIT
cdef int SENSOR_LIMIT
cdef int64_t TIME_LIMIT_MS
cdef int64_t UINT32_LIMIT
cdef int VARIABLE_LIMIT
cdef int COLUMN_NULLS
cdef int COLUMN_QUALITIES
cdef int COLUMN_RESETS
cdef int DATA
cdef int DATA_CLOCK
cdef int DATA_GAPS
cdef int DATA_ITEMS
cdef int DATA_TEST
cdef int MILLISECONDS
cdef int SECONDS
cdef int FAIL
cdef int GOOD
cdef int MISSING
cdef int NOT_EVALUATED
cdef int SYNCHRONISED
cdef int UNSYNCHRONISED
cdef int TOTAL


@cython.final
cdef class DataReader:
    cdef Reader reader
    cdef readonly int64_t[::1] times_ms
    cdef readonly int64_t[::1] mantissas
    cdef readonly unsigned char[::1] qualities
    cdef readonly unsigned char[::1] reasons
    cdef readonly Py_ssize_t count
    cdef readonly int64_t log_id
    cdef readonly int64_t first_record_no
    cdef readonly int configuration_no
    cdef readonly int64_t oldest_held
    cdef readonly int64_t receipted
    cdef readonly list gaps
    cdef readonly int clock_quality
    cdef readonly bint test
    cdef Py_ssize_t columns_left
    cdef readonly int sensor_no
    cdef readonly int variable
    cdef readonly int statistic
    cdef readonly int interval_s
    cdef readonly int exponent
    cdef readonly Py_ssize_t null_count
    cdef readonly list resets

    @cython.locals(reader=Reader, start=Py_ssize_t)
    cpdef open(self, bytes payload)
    @cython.locals(reader=Reader, items=Py_ssize_t, first_at=Py_ssize_t, has_values=bint, first=int64_t,
                   size=Py_ssize_t, packed_end=Py_ssize_t, index=Py_ssize_t, present=Py_ssize_t)
    cpdef bint next_column(self) except -1
    @cython.locals(index=Py_ssize_t)
    cpdef list times(self)
    @cython.locals(index=Py_ssize_t)
    cpdef list values(self)
    @cython.locals(index=Py_ssize_t)
    cpdef dict null_reasons(self)
    @cython.locals(index=Py_ssize_t)
    cpdef dict quality_exceptions(self)
    @cython.locals(first=int64_t)
    cdef int64_t _take_record_no_before(self) except? -1
    @cython.locals(reader=Reader, key=int64_t)
    cdef _take_circumstances(self)
    @cython.locals(reader=Reader, start=Py_ssize_t, unit=int, unit_ms=int64_t, limit=int64_t,
                   base=int64_t, step=int64_t, size=Py_ssize_t, last=int64_t,
                   index=Py_ssize_t, time=int64_t)
    cdef _take_times(self)
    @cython.locals(reader=Reader, key=int64_t)
    cdef _take_exceptions(self)
    @cython.locals(reader=Reader, start=Py_ssize_t, size=Py_ssize_t, free=Py_ssize_t, index=Py_ssize_t,
                   code=int, at=Py_ssize_t)
    cdef _take_runs(self, int low, int high)
    @cython.locals(reader=Reader, start=Py_ssize_t, last=int64_t)
    cdef _take_resets(self)
    @cython.locals(source=Py_ssize_t, index=Py_ssize_t)
    cdef _spread(self, Py_ssize_t present)
