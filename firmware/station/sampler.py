# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""One measurement of everything a record holds. A sensor that fails costs its own values, never the record."""

from protocol.quality import GOOD, NO_POWER, NO_READING, SENSOR_ERROR
from protocol.variables import INSTANT, code_of

from . import sensors
from .loading import forget_below

BATTERY_SENSOR_NO = 0  # the board itself
_SDI12_PACKAGE = sensors.__name__.rpartition(".")[0] + ".sdi12"  # what drivers of SDI-12 sensors load beside them


class Sampler:
    """The station's sensors and its battery, in the order of a record's values."""

    def __init__(self, board, settings, black_box):
        self._board = board
        self._black_box = black_box
        self._sensors = sensors.open_sensors(settings)
        self._total_ms = sum(sensor.warm_up_ms + sensor.span_ms for sensor in self._sensors)
        self._lead_ms = (self._total_ms + self._sensors[0].warm_up_ms) // 2 if self._sensors else 0
        self._channels = []
        for sensor in self._sensors:
            self._channels += sensor.channels()
        self._channels.append((BATTERY_SENSOR_NO, code_of("battery_v"), INSTANT, -2, 0))

    def channels(self):
        """Return the channel of each value, as the queue keeps them."""
        return self._channels

    def lead_ms(self):
        """Return how long before the due instant `measure` has to begin."""
        return self._lead_ms

    def measure(self, due_ms):
        """Return one (mantissa, quality) or (None, reason) per channel, bursts centred on the due monotonic time."""
        values = []
        # Sensors are read one after the other; with one the offset is nought and its burst lies around the instant.
        begin_ms = due_ms - self._total_ms // 2
        for sensor in self._sensors:
            duration_ms = sensor.warm_up_ms + sensor.span_ms
            self._board.feed_watchdog()
            try:
                values += sensor.measure(self._board, begin_ms + duration_ms // 2)
            except Exception as error:
                self._black_box.note_exception("sensor", error)
                values += [(None, SENSOR_ERROR)] * len(sensor.channels())
            begin_ms += duration_ms
        values.append(self._battery())
        return values

    def put_away(self):
        """Let go of the drivers, whose memory the uplink needs; nothing can be measured after it.

        Return {sensor number: (questions without an answer, broken answers)} of this wake, where there were any. Of
        several sensors on one line the first stands for the line.
        """
        faults = {}
        for sensor in self._sensors:
            if sensor.faults.silent or sensor.faults.broken:
                faults[sensor.channels()[0][0]] = (sensor.faults.silent, sensor.faults.broken)
        self._sensors = []
        forget_below(sensors.__name__)
        forget_below(_SDI12_PACKAGE)
        return faults

    def spare(self):
        """Return the values of an instant at which the sensors stay off to save the battery."""
        return [(None, NO_POWER)] * (len(self._channels) - 1) + [self._battery()]

    def _battery(self):
        try:
            volts = self._board.battery_v()
        except Exception as error:
            self._black_box.note_exception("battery", error)
            return (None, SENSOR_ERROR)
        return (None, NO_READING) if volts is None else (round(volts * 100), GOOD)
