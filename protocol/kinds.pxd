cimport cython

from .cbor cimport Reader

@cython.locals(reader=Reader, found_items=Py_ssize_t, start=Py_ssize_t)
cpdef Reader begin(bytes payload, int kind, Py_ssize_t items)
