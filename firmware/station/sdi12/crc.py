# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The three CRC characters of an SDI-12 answer (standard version 1.4, section 4.4.12)."""

CRC_CHARACTERS = 3


def crc_characters(text):
    """Return the CRC of an answer, from its address to its last value (sections 4.4.12.1 and 4.4.12.2)."""
    crc = 0
    for character in text.encode():
        crc ^= character
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return chr(0x40 | crc >> 12) + chr(0x40 | crc >> 6 & 0x3F) + chr(0x40 | crc & 0x3F)
