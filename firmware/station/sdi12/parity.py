# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Characters of 7 bits with even parity (SDI-12 standard, version 1.4, section 4.1) as bytes of a port set to 8N1."""


def with_parity(text):
    """Return the bytes of an ASCII text, each with its parity as the highest bit."""
    return bytes(byte | _is_odd(byte) << 7 for byte in text.encode())


def without_parity(data):
    """Return the text in these bytes, None where the parity of one is wrong."""
    if any(_is_odd(byte) for byte in data):
        return None
    return "".join(chr(byte & 0x7F) for byte in data)


def _is_odd(byte):
    """Return 1 where an odd number of bits is set, else 0."""
    byte ^= byte >> 4
    byte ^= byte >> 2
    return (byte ^ byte >> 1) & 1
