# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The CRC of an SDI-12 answer (standard version 1.4, section 4.4.12), without the parity of its characters."""

CRC_CHARACTERS = 3


def crc16(data):
    """Return the CRC of bytes (section 4.4.12.1)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def crc_characters(text):
    """Return the three CRC characters of an answer, from its address to its last value (section 4.4.12.2)."""
    crc = crc16(text.encode())
    return chr(0x40 | crc >> 12) + chr(0x40 | crc >> 6 & 0x3F) + chr(0x40 | crc & 0x3F)
