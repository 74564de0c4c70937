cimport cython
from libc.stdint cimport int64_t

cdef int _UINT
cdef int _NEGATIVE
cdef int _BYTES
cdef int _TEXT
cdef int _ARRAY
cdef int _MAP
cdef int _TAG
cdef int _TRUE
cdef int _NULL


@cython.final
cdef class Reader:
    cdef readonly bytes data
    cdef public Py_ssize_t position
    cdef readonly Py_ssize_t end

    @cython.locals(start=Py_ssize_t)
    cdef Py_ssize_t _take(self, Py_ssize_t size) except -1
    @cython.locals(start=Py_ssize_t)
    cdef int _peek(self) except -1
    @cython.locals(start=Py_ssize_t, head=int, short=int, size=Py_ssize_t, at=Py_ssize_t, data=bytes,
                   argument=int64_t, index=Py_ssize_t)
    cdef int64_t _take_argument(self, int major) except -1
    @cython.locals(start=Py_ssize_t, value=int64_t)
    cpdef int64_t take_uint(self, int64_t low, int64_t high) except? -1
    @cython.locals(start=Py_ssize_t, value=int64_t)
    cpdef int64_t take_int(self, int64_t low, int64_t high) except? -1
    @cython.locals(start=Py_ssize_t, size=int64_t)
    cdef Py_ssize_t _take_size(self, int major, Py_ssize_t low, Py_ssize_t high) except -1
    cpdef Py_ssize_t take_array(self, Py_ssize_t low, Py_ssize_t high) except -1
    cpdef Py_ssize_t take_map(self, Py_ssize_t low, Py_ssize_t high) except -1
    @cython.locals(start=Py_ssize_t, key=int64_t)
    cpdef int64_t take_key(self, int64_t last, int64_t limit) except? -1
    @cython.locals(start=Py_ssize_t)
    cpdef take_tag(self, int number)
    @cython.locals(size=Py_ssize_t)
    cpdef Py_ssize_t skip_bytes(self, Py_ssize_t low, Py_ssize_t high) except -1
    @cython.locals(size=Py_ssize_t)
    cpdef bytes take_bytes(self, Py_ssize_t low, Py_ssize_t high)
    cpdef int next_major(self) except -1
    cpdef bint is_text(self) except -1
    @cython.locals(size=Py_ssize_t, start=Py_ssize_t, data=bytes, index=Py_ssize_t, letter=int)
    cpdef str take_text(self, Py_ssize_t low, Py_ssize_t high)
    @cython.locals(start=Py_ssize_t)
    cpdef bint take_true(self) except -1
    cpdef bint take_null(self) except -1
    cpdef finish(self)
