# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""All SDI-12 sensors on one line: they measure at the same time, and are asked for their values one after the other."""

from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SENSOR_ERROR
from protocol.variables import INSTANT, code_of

from ..sdi12.line import BAUD, NoAnswer
from ..sdi12.recorder import Recorder
from ..sdi12.values import mantissa_of
from .supply import Faults, SuppliedPort


class Instrument:
    """What a kind of sensor gives: `value_count` values, of which `outputs` go into a record.

    An output is (variable, exponent, place among the values, lowest and highest mantissa, how the mantissa is made).
    Where `status_place` is given, another value there than 0 says that the rest is not to be trusted.
    """

    __slots__ = ("measuring_ms", "outputs", "status_place", "value_count", "warm_up_ms")

    def __init__(self, value_count, warm_up_ms, measuring_ms, outputs, status_place=None):
        self.value_count = value_count
        self.warm_up_ms = warm_up_ms
        self.measuring_ms = measuring_ms
        self.outputs = outputs
        self.status_place = status_place


def _plain(mantissa, settings):
    return mantissa


def _stage_of_level(level_mm, settings):
    return settings.stage_at_zero_mm + level_mm


def _stage_of_distance(distance_mm, settings):
    return settings.zero_distance_mm - distance_mm


# The times are on the safe side of what such instruments ask for; how long it is each time the sensor says itself.
INSTRUMENTS = {
    # OTT PLS: level in m, temperature in C.
    "ott-pls": Instrument(
        2,
        2000,
        4000,
        (
            ("stage_m", -3, 0, -5_000, 105_000, _stage_of_level),
            ("water_temperature_c", -2, 1, -3_000, 8_000, _plain),
        ),
    ),
    # VEGAPULS C 21 (operating instructions 58342, section 13): stage and distance in m, electronics in C, reliability
    # in dB, error. The stage is made here of the distance, so that a new levelling reaches old records.
    "vegapuls-c21": Instrument(
        5,
        3000,
        4000,
        (
            ("distance_m", -3, 1, 1, 30_000, _plain),
            ("stage_m", -3, 1, 1, 30_000, _stage_of_distance),
            ("signal_to_noise_db", -1, 3, 0, 2_000, _plain),
        ),
        status_place=4,
    ),
    # Sommer RQ-30: auxiliary, level in m, velocity in m/s, quality in dB, discharge in m3/s, area in m2, learned
    # velocity and discharge, share of the opposite direction. Water that runs upstream is negative.
    "sommer-rq30": Instrument(
        9,
        3000,
        40_000,
        (
            ("stage_m", -3, 1, -50_000, 50_000, _stage_of_level),
            ("velocity_m_s", -3, 2, -20_000, 20_000, _plain),
            ("discharge_m3_s", -3, 4, -100_000_000, 100_000_000, _plain),
            ("flow_area_m2", -2, 5, 0, 10_000_000, _plain),
            ("signal_to_noise_db", -1, 3, 0, 2_000, _plain),
        ),
    ),
}


class Bus:
    """The sensors on one line."""

    def __init__(self, all_settings):
        self._sensors = [(settings, INSTRUMENTS[settings.kind]) for settings in all_settings]
        self.warm_up_ms = max(instrument.warm_up_ms for _, instrument in self._sensors)
        self.span_ms = max(instrument.measuring_ms for _, instrument in self._sensors)
        self.faults = Faults()

    def channels(self):
        return [
            (settings.sensor_no, code_of(variable), INSTANT, exponent, 0)
            for settings, instrument in self._sensors
            for variable, exponent, _, _, _, _ in instrument.outputs
        ]

    def measure(self, board, centre_ms):
        start_ms = centre_ms - self.span_ms // 2
        board.sleep_until(start_ms - self.warm_up_ms)
        start_ms = max(start_ms, board.monotonic_ms() + self.warm_up_ms)
        switches = [settings.power_switch for settings, _ in self._sensors]
        with SuppliedPort(board, self._sensors[0][0].port, switches, BAUD) as port:
            board.sleep_until(start_ms)
            recorder = Recorder(board, port, self.faults)
            started = [self._start(board, recorder, settings) for settings, _ in self._sensors]
            values = []
            for (settings, instrument), one in zip(self._sensors, started):
                values += self._read(board, recorder, settings, instrument, one)
        return values

    def _start(self, board, recorder, settings):
        """Return what is under way, or the NoAnswer of a sensor that is not to be had."""
        board.feed_watchdog()
        try:
            return recorder.start_concurrent(settings.sdi12_address)
        except NoAnswer as error:
            return error

    def _read(self, board, recorder, settings, instrument, started):
        """Return the sensor's values for the record."""
        board.feed_watchdog()
        try:
            if isinstance(started, NoAnswer):
                texts = self._measure_alone(recorder, settings)
            else:
                if started.ready_ms - board.monotonic_ms() > instrument.measuring_ms:
                    raise NoAnswer("late")
                board.sleep_until(started.ready_ms)
                texts = recorder.read_data(started)
        except NoAnswer as error:
            return _nothing(instrument, NO_READING if error.reason == "silent" else SENSOR_ERROR)
        return _record_values(texts, settings, instrument)

    def _measure_alone(self, recorder, settings):
        # A sensor that is there, but older than concurrent measurements, is asked when the others have answered.
        recorder.acknowledge(settings.sdi12_address)
        return recorder.measure(settings.sdi12_address)


def _record_values(texts, settings, instrument):
    if len(texts) < instrument.value_count:
        return _nothing(instrument, SENSOR_ERROR)
    if instrument.status_place is not None and mantissa_of(texts[instrument.status_place], 0) != 0:
        return _nothing(instrument, SENSOR_ERROR)
    values = []
    for _, exponent, place, lowest, highest, make in instrument.outputs:
        mantissa = mantissa_of(texts[place], exponent)
        is_possible = lowest <= mantissa <= highest
        values.append((make(mantissa, settings), GOOD) if is_possible else (None, OUT_OF_RANGE))
    return values


def _nothing(instrument, reason):
    return [(None, reason)] * len(instrument.outputs)


def open_sensors(all_settings):
    """Return one driver for each line."""
    ports = []
    for settings in all_settings:
        if settings.port not in ports:
            ports.append(settings.port)
    return [Bus([settings for settings in all_settings if settings.port == port]) for port in ports]
