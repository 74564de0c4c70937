# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""MaxBotix ultrasonic range finders with free-running serial output: HRXL-MaxSonar-WR and XL-MaxSonar-WR.

Frames are `R`, the range in digits, and a carriage return, about 7.5 times a second (data sheets PD11500 and PD10848).
After power-up comes a banner of text lines, which hold letters R too; stray 0xFF bytes occur between and inside frames.
"""

from .ranging import Model, RangeFinder

BAUD = 9600
FRAME_PERIOD_MS = 134
WARM_UP_MS = 600  # power-up, banner, and the first range cycles, which the sensor's filter needs

_FRAME_START = 0x52  # R
_FRAME_END = 0x0D
_STRAY = 0xFF


class FrameParser:
    """Frames out of a byte stream that may begin, break off or be disturbed anywhere."""

    def __init__(self, digits):
        self.broken = 0  # runs of bytes that were no frame
        self._digits = digits
        self._count = -1  # digits read; -1 while looking for the start of a frame
        self._range = 0

    def feed(self, byte):
        """Return the range in counts when this byte completes a frame, else None."""
        if byte == _STRAY:
            return None
        if byte == _FRAME_START:
            if self._count >= 0:
                self.broken += 1
            self._count = self._range = 0
            return None
        if self._count < 0:
            return None
        if self._count < self._digits and 0x30 <= byte <= 0x39:
            self._range = 10 * self._range + byte - 0x30
            self._count += 1
            return None
        is_whole = self._count == self._digits and byte == _FRAME_END
        self._count = -1
        if is_whole:
            return self._range
        self.broken += 1
        return None


# Minimum and full scale in mm from the data sheets.
MODELS = {
    "maxbotix-hrxl": Model(lambda: FrameParser(4), BAUD, WARM_UP_MS, FRAME_PERIOD_MS, 1, 300, 5000),
    "maxbotix-hrxl-wrl": Model(lambda: FrameParser(4), BAUD, WARM_UP_MS, FRAME_PERIOD_MS, 1, 500, 9999),
    "maxbotix-xl": Model(lambda: FrameParser(3), BAUD, WARM_UP_MS, FRAME_PERIOD_MS, 10, 200, 7650),
}


def open_sensors(all_settings):
    return [RangeFinder(settings, MODELS[settings.kind]) for settings in all_settings]
