cimport cython

from .cbor cimport Reader

cdef int _COSE_MAC0
cdef int _ALGORITHM
cdef int _KEY_ID


cdef class Sealed:
    cdef readonly bytes protected_item
    cdef readonly bytes key_id
    cdef readonly bytes payload_item
    cdef readonly bytes payload
    cdef readonly bytes tag

@cython.locals(reader=Reader, start=Py_ssize_t, size=Py_ssize_t, key_id=bytes, protected_item=bytes, payload=bytes,
               payload_item=bytes, tag=bytes)
cpdef Sealed parse_sealed(bytes message)
@cython.locals(difference=int, index=Py_ssize_t, expected=bytes)
cpdef verify(Sealed sealed, keys, str topic, hmac_sha256)
@cython.locals(start=Py_ssize_t, algorithm=int)
cdef tuple _take_protected(Reader reader)
cdef bytes _authenticated(bytes protected_item, str topic, bytes payload_item)
@cython.locals(size=Py_ssize_t)
cdef bytes _byte_string(bytes data)
