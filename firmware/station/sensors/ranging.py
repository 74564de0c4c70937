# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Range finders over the water: bursts of distances, and the values that a record holds of them."""

from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SENSOR_ERROR, SUSPECT, TOO_FEW_VALID
from protocol.variables import COUNT, MAX, MEDIAN, MIN, STD, code_of

from .statistics import median, statistic
from .supply import Faults, SuppliedPort

LATE_FRAMES = 3  # how many frame periods a burst may take longer than it should


class Model:
    """What a model sends by itself; beyond its range it reads full scale, and nearer than it can see its minimum.

    `new_parser()` makes an object whose `feed(byte)` returns a count when a frame is whole, else None, and whose
    `broken` counts what was no frame.
    """

    __slots__ = (
        "baud",
        "frame_period_ms",
        "full_scale_mm",
        "millimetres_per_count",
        "minimum_mm",
        "new_parser",
        "warm_up_ms",
    )

    def __init__(self, new_parser, baud, warm_up_ms, frame_period_ms, millimetres_per_count, minimum_mm, full_scale_mm):
        self.new_parser = new_parser
        self.baud = baud
        self.warm_up_ms = warm_up_ms
        self.frame_period_ms = frame_period_ms
        self.millimetres_per_count = millimetres_per_count
        self.minimum_mm = minimum_mm
        self.full_scale_mm = full_scale_mm


class RangeFinder:
    """One free-running sensor on one port."""

    def __init__(self, settings, model):
        self.warm_up_ms = model.warm_up_ms
        self.span_ms = settings.burst * model.frame_period_ms
        self.faults = Faults()
        self._settings = settings
        self._model = model

    def channels(self):
        return range_channels(self._settings)

    def measure(self, board, centre_ms):
        start_ms = centre_ms - self.span_ms // 2
        board.sleep_until(start_ms - self.warm_up_ms)
        settings = self._settings
        with SuppliedPort(board, settings.port, [settings.power_switch], self._model.baud) as port:
            readings, any_byte = self._read_burst(board, port, start_ms)
        return range_values(readings, any_byte, self._settings, self._model.minimum_mm)

    def _read_burst(self, board, port, start_ms):
        """Return (ranges in mm, None for each reading without a target; whether any byte came)."""
        model = self._model
        parser = model.new_parser()
        readings = []
        buffer = bytearray(16)
        any_byte = False
        # A board that woke late measures late: the sensor still gets its warm-up, and the burst its length.
        start_ms = max(start_ms, board.monotonic_ms() + self.warm_up_ms)
        end_ms = start_ms + self.span_ms + LATE_FRAMES * model.frame_period_ms
        while len(readings) < self._settings.burst:
            count = port.read_into(buffer, end_ms)
            if count == 0:
                break
            any_byte = True
            is_in_burst = board.monotonic_ms() > start_ms
            for index in range(count):
                counts = parser.feed(buffer[index])
                if counts is not None and is_in_burst:
                    range_mm = counts * model.millimetres_per_count
                    readings.append(range_mm if range_mm < model.full_scale_mm else None)
        self.faults.broken += parser.broken
        self.faults.silent += self._settings.burst - len(readings)
        return readings, any_byte


def range_channels(settings):
    """Return the channels of a range finder: median distance, the statistics of stage, number of valid readings."""
    sensor_no = settings.sensor_no
    channels = [(sensor_no, code_of("distance_m"), MEDIAN, -3, 0)]
    channels += [(sensor_no, code_of("stage_m"), code, -3, 0) for code in settings.statistics if code != COUNT]
    if COUNT in settings.statistics:
        channels.append((sensor_no, code_of("distance_m"), COUNT, 0, 0))
    return channels


def range_values(readings, any_byte, settings, minimum_mm):
    """Return the values of `range_channels`; a reading is in mm, None without a target."""
    valid = sorted(reading for reading in readings if reading is not None)
    codes = [code for code in settings.statistics if code != COUNT]
    count = [(len(valid), GOOD)] if COUNT in settings.statistics else []
    if not valid:
        reason = OUT_OF_RANGE if readings else (SENSOR_ERROR if any_byte else NO_READING)
        return [(None, reason)] * (1 + len(codes)) + count
    median_mm = median(valid)
    quality = GOOD
    # Water nearer than the sensor sees reads as its minimum: the stage is then at least this high.
    if 2 * len(valid) <= settings.burst or median_mm <= minimum_mm:
        quality = SUSPECT
    stages = [_stage_value(code, valid, settings.zero_distance_mm, quality) for code in codes]
    return [(median_mm, quality)] + stages + count


_OPPOSITE = {MIN: MAX, MAX: MIN}  # the highest water is the shortest distance


def _stage_value(code, distances_mm, zero_distance_mm, quality):
    value_mm = statistic(_OPPOSITE.get(code, code), distances_mm)
    if value_mm is None:
        return (None, TOO_FEW_VALID)
    return (value_mm if code == STD else zero_distance_mm - value_mm, quality)
