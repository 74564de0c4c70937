# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""MaxBotix ultrasonic range finders with free-running serial output: HRXL-MaxSonar-WR and XL-MaxSonar-WR.

Frames are `R`, the range in digits, and a carriage return, about 7.5 times a second (data sheets PD11500 and PD10848).
After power-up comes a banner of text lines, which hold letters R too; stray 0xFF bytes occur between and inside frames.
"""

from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SENSOR_ERROR, SUSPECT
from protocol.variables import COUNT, MEDIAN, code_of

BAUD = 9600
FRAME_PERIOD_MS = 134
WARM_UP_MS = 600  # power-up, banner, and the first range cycles, which the sensor's filter needs
LATE_FRAMES = 3  # how many frame periods a burst may take longer than it should

_FRAME_START = 0x52  # R
_FRAME_END = 0x0D
_STRAY = 0xFF


class Model:
    """What one series sends; beyond its range it reads full scale, and nearer than it can see its minimum."""

    __slots__ = ("digits", "full_scale_mm", "millimetres_per_count", "minimum_mm")

    def __init__(self, digits, millimetres_per_count, minimum_mm, full_scale_mm):
        self.digits = digits
        self.millimetres_per_count = millimetres_per_count
        self.minimum_mm = minimum_mm
        self.full_scale_mm = full_scale_mm


MODELS = {
    "maxbotix-hrxl": Model(4, 1, 300, 5000),
    "maxbotix-hrxl-wrl": Model(4, 1, 500, 9999),
    "maxbotix-xl": Model(3, 10, 200, 7650),
}


def open_sensor(settings):
    return RangeFinder(settings, MODELS[settings.kind])


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


class RangeFinder:
    """One sensor on one port. The record's values: median distance, stage, number of valid readings."""

    def __init__(self, settings, model):
        self.warm_up_ms = WARM_UP_MS
        self.span_ms = settings.burst * FRAME_PERIOD_MS
        self._settings = settings
        self._model = model

    def channels(self):
        sensor_no = self._settings.sensor_no
        return [
            (sensor_no, code_of("distance_m"), MEDIAN, -3, 0),
            (sensor_no, code_of("stage_m"), MEDIAN, -3, 0),
            (sensor_no, code_of("distance_m"), COUNT, 0, 0),
        ]

    def measure(self, board, centre_ms):
        settings = self._settings
        start_ms = centre_ms - self.span_ms // 2
        board.sleep_until(start_ms - self.warm_up_ms)
        if settings.power_switch is not None:
            board.set_power(settings.power_switch, True)
        try:
            port = board.open_serial(settings.port, BAUD)
            try:
                return self._values(*self._read_burst(board, port, start_ms))
            finally:
                port.close()
        finally:
            if settings.power_switch is not None:
                board.set_power(settings.power_switch, False)

    def _read_burst(self, board, port, start_ms):
        """Return (ranges in mm, None for each reading without a target; whether any byte came)."""
        parser = FrameParser(self._model.digits)
        readings = []
        buffer = bytearray(16)
        any_byte = False
        # A board that woke late measures late: the sensor still gets its warm-up, and the burst its length.
        start_ms = max(start_ms, board.monotonic_ms() + self.warm_up_ms)
        end_ms = start_ms + self.span_ms + LATE_FRAMES * FRAME_PERIOD_MS
        while len(readings) < self._settings.burst:
            count = port.read_into(buffer, end_ms)
            if count == 0:
                break
            any_byte = True
            is_in_burst = board.monotonic_ms() > start_ms
            for index in range(count):
                counts = parser.feed(buffer[index])
                if counts is not None and is_in_burst:
                    range_mm = counts * self._model.millimetres_per_count
                    readings.append(range_mm if range_mm < self._model.full_scale_mm else None)
        return readings, any_byte

    def _values(self, readings, any_byte):
        valid = sorted(reading for reading in readings if reading is not None)
        count = (len(valid), GOOD)
        if not valid:
            reason = OUT_OF_RANGE if readings else (SENSOR_ERROR if any_byte else NO_READING)
            return [(None, reason), (None, reason), count]
        median_mm = _median(valid)
        quality = GOOD
        # Water nearer than the sensor sees reads as its minimum: the stage is then at least this high.
        if 2 * len(valid) <= self._settings.burst or median_mm <= self._model.minimum_mm:
            quality = SUSPECT
        return [(median_mm, quality), (self._settings.zero_distance_mm - median_mm, quality), count]


def _median(ordered):
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2
