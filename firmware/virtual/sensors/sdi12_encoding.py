"""What an SDI-12 sensor puts on the line (SDI-12 standard, version 1.4): parity, CRCs and packets.

Written from the standard and not from the recorder: two readings of it find what one gets wrong.
"""

from struct import calcsize, pack

from firmware.virtual.sensors.crc import crc16

__all__ = ["crc_characters", "even", "packet", "packets_of", "pages_of", "plain"]

CRC_START = 0  # section 4.4.12.1
FLOAT32 = 9
# Type of the values (table 16): the letter of one in `struct`.
VALUE_LETTERS = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "q", 8: "Q", FLOAT32: "f", 10: "d"}


def even(text: str) -> bytes:
    """Return characters of 7 bits with even parity above them (section 4.1)."""
    return bytes(byte | (byte.bit_count() % 2) << 7 for byte in text.encode("ascii"))


def plain(data: bytes) -> str | None:
    """Return the characters, None where a parity is wrong."""
    if any(byte.bit_count() % 2 for byte in data):
        return None
    return bytes(byte & 0x7F for byte in data).decode("ascii")


def crc_characters(text: str) -> str:
    """Return the three CRC characters of an answer (section 4.4.12.2)."""
    crc = crc16(text.encode(), CRC_START)
    return chr(0x40 | crc >> 12) + chr(0x40 | crc >> 6 & 0x3F) + chr(0x40 | crc & 0x3F)


def packet(address: str, value_type: int = 0, payload: bytes = b"") -> bytes:
    """Return a packet (table 14); the empty one (table 15) without type and payload."""
    data = address.encode() + pack("<HB", len(payload), value_type) + payload
    return data + pack("<H", crc16(data, CRC_START))


def packets_of(address: str, value_type: int, values: list[float], payload_bytes: int = 1000) -> list[bytes]:
    """Return packets that hold the values, each full but the last."""
    letter = VALUE_LETTERS[value_type]
    most = payload_bytes // calcsize("<" + letter)
    groups = [values[first : first + most] for first in range(0, len(values), most)]
    return [packet(address, value_type, pack(f"<{len(group)}{letter}", *group)) for group in groups]


def pages_of(values: list[str], longest: int) -> list[str]:
    """Return the values as the sensor gives them to D0, D1, ..., none longer than the standard allows."""
    pages = [""]
    for value in values:
        if len(pages[-1]) + len(value) > longest:
            pages.append("")
        pages[-1] += value
    return pages
