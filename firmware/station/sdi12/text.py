# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""An SDI-12 answer in characters: an address, a text, three CRC characters where they were asked for, and CR LF."""

from .crc import CRC_CHARACTERS, crc_characters
from .parity import with_parity, without_parity

END = with_parity("\r\n")
LONGEST_BYTES = 96  # the longest answer has 81


class TextAnswer:
    """The answer to expect of the sensor at an address; "?" stands for any."""

    longest_bytes = LONGEST_BYTES

    def __init__(self, address, with_crc=False):
        self._address = address
        self._with_crc = with_crc

    def is_whole(self, received):
        return received[-len(END) :] == END

    def read(self, received):
        """Return the answer without its end and CRC, None where it is not right (section 7.2)."""
        text = without_parity(received)
        if text is None or not text.endswith("\r\n") or self._address not in ("?", text[0]):
            return None
        text = text[:-2]
        if self._with_crc:
            text, crc = text[:-CRC_CHARACTERS], text[-CRC_CHARACTERS:]
            if not text or crc_characters(text) != crc:
                return None
        # Characters that cannot be printed (section 4.2) are noise.
        return text if text and all(" " <= character <= "~" for character in text) else None
