# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The packets of a high-volume measurement in binary (SDI-12 standard, version 1.4, section 5.2), read strictly.

A packet: address (1 byte), bytes of the payload (2), type of all its values (1), payload, CRC of all that (2); the
lower byte first, without parity and CR LF. A packet of type 0 without payload says that there is nothing more.

Sources are not at one in two points, and the text of the standard decides: a request for service does not come (5.3:
these measurements are concurrent), and there is no aHBC!, as a packet always has its CRC.
"""

import struct

from .crc import crc16

MOST_PAYLOAD_BYTES = 1000  # table 14
NOTHING_MORE = 0  # type of an empty packet, table 15

# Type of the values: struct's letter for one. Table 16.
_VALUE_TYPES = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "q", 8: "Q", 9: "f", 10: "d"}
_HEADER = "<BHB"
_HEADER_BYTES = struct.calcsize(_HEADER)
_CRC_BYTES = 2


class PacketAnswer:
    """The packet to expect of the sensor at an address."""

    longest_bytes = _HEADER_BYTES + MOST_PAYLOAD_BYTES + _CRC_BYTES

    def __init__(self, address):
        self._address = address

    def is_whole(self, received):
        if len(received) < _HEADER_BYTES:
            return False
        _, payload_bytes, _ = struct.unpack_from(_HEADER, received)
        return len(received) == _HEADER_BYTES + payload_bytes + _CRC_BYTES

    def read(self, received):
        """Return the values, integers or floats; none for an empty packet, None for one that is not right."""
        if not self.is_whole(received) or len(received) > self.longest_bytes:
            return None
        address, payload_bytes, value_type = struct.unpack_from(_HEADER, received)
        (crc,) = struct.unpack_from("<H", received, len(received) - _CRC_BYTES)
        if address != ord(self._address) or crc != crc16(memoryview(received)[:-_CRC_BYTES]):
            return None
        if value_type == NOTHING_MORE:
            return [] if payload_bytes == 0 else None
        letter = _VALUE_TYPES.get(value_type)
        if letter is None or payload_bytes == 0 or payload_bytes % struct.calcsize("<" + letter):
            return None
        count = payload_bytes // struct.calcsize("<" + letter)
        return list(struct.unpack_from("<%d%s" % (count, letter), received, _HEADER_BYTES))
