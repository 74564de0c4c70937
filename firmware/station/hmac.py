# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""HMAC-SHA-256 (RFC 2104), which MicroPython's library lacks."""

import hashlib

_BLOCK_BYTES = 64


def hmac_sha256(key, data):
    """Return the 32 bytes that authenticate `data` with `key`."""
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key = key + bytes(_BLOCK_BYTES - len(key))
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
    inner.update(data)
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))
    outer.update(inner.digest())
    return outer.digest()
