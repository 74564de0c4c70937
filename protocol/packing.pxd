cimport cython
from libc.stdint cimport int64_t

cdef int _K_LIMIT
cdef int _ESCAPE_ONES
cdef int _ESCAPE_BITS

@cython.locals(head=int, order=int, k=int, at=Py_ssize_t, held=int, held_bits=int, value=int64_t,
               slope=int64_t, changes=int64_t, index=Py_ssize_t, ones=int, folded=int64_t,
               wanted=int, taken=int)
cpdef unpack_series(bytes data, Py_ssize_t start, Py_ssize_t end, int64_t first, Py_ssize_t count, int64_t limit,
                    int64_t[::1] out)
