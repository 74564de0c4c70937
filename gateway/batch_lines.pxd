from libc.stdint cimport int64_t, uint8_t

from protocol.data_reader cimport DataReader

cdef enum:
    COLUMNS = 64


cdef struct Part:
    const char* start
    Py_ssize_t size


cdef struct Column:
    int exponent
    const int64_t* mantissas
    const uint8_t* qualities
    const uint8_t* reasons
    Part name  # ",stage_m="
    Part quality  # ",stage_m_quality=1i", the digit standing for any
    Part lead  # how a line of its sensor begins


cdef class BatchLines:
    cdef readonly DataReader reader
    cdef readonly int column_count
    cdef int64_t[::1] _mantissas  # column by column, `reader.count` of each
    cdef uint8_t[::1] _qualities
    cdef uint8_t[::1] _reasons
    cdef Py_ssize_t _capacity  # of each of the three, in values
    cdef int _sensors[COLUMNS]
    cdef int _exponents[COLUMNS]
    cdef list _names  # of each column, as b",stage_m=,stage_m_quality=1i"
    cdef Py_ssize_t _plain_sizes[COLUMNS]  # of their beginning, b",stage_m="
    cdef dict _known_names
    cdef bytearray _parts  # what the lines of a message have in common

    cdef Py_ssize_t _per_record(self, Py_ssize_t place_size)
    cdef char* _write(self, char* out, char* parts, const char* place, Py_ssize_t place_size)
    cdef bint _is_first_of_sensor(self, int column)
    cdef char* _describe(self, Column* column, int index, char* parts, const char* place, Py_ssize_t place_size)
    cdef bytes _name(self, int variable, int statistic)
    cdef _reserve(self, Py_ssize_t values)
