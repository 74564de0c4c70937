# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Geolux LX-80 radar on its RS-232 side, which reports by itself (LX-80 user manual, sections 5.1 and 6.1).

    $LVX,distance,average distance,temperature,level,average level,SNR[,SNR 2]<CR><LF>      distances in mm

A sentence comes for each detection; without a target none comes.
"""

from .ranging import Model, RangeFinder

BAUD = 115_200
FULL_SCALE_MM = 15_000
# The manual gives none of these: they are on the safe side of what such radars need.
WARM_UP_MS = 5000
FRAME_PERIOD_MS = 1000
MINIMUM_MM = 200

_START = 0x24  # $
_ENDS = b"\r\n"
_KEYWORD = "LVX"
_FIELDS = (7, 8)  # with the keyword
_LONGEST = 80


class SentenceParser:
    """Distances out of a byte stream that may begin, break off or be disturbed anywhere."""

    def __init__(self):
        self.broken = 0  # sentences that could not be read
        self._text = bytearray()
        self._is_inside = False

    def feed(self, byte):
        """Return the distance in mm when this byte completes a sentence, else None."""
        if byte == _START:
            self.broken += self._is_inside
            self._is_inside = True
            self._text = bytearray()
        elif self._is_inside and byte in _ENDS:
            self._is_inside = False
            return self._distance_mm()
        elif self._is_inside:
            self._text.append(byte)
            if len(self._text) > _LONGEST:
                self._is_inside = False
                self.broken += 1
        return None

    def _distance_mm(self):
        try:
            fields = bytes(self._text).decode().split(",")
            if fields[0] == _KEYWORD and len(fields) in _FIELDS:
                # All fields have to be numbers: there is no checksum, so the sentence is taken as a whole or not.
                numbers = [float(field) for field in fields[1:]]
                return int(numbers[0])
        except ValueError:
            pass
        self.broken += 1
        return None


MODEL = Model(SentenceParser, BAUD, WARM_UP_MS, FRAME_PERIOD_MS, 1, MINIMUM_MM, FULL_SCALE_MM)


def open_sensors(all_settings):
    return [RangeFinder(settings, MODEL) for settings in all_settings]
