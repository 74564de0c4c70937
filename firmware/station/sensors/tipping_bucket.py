# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Tipping bucket rain gauge on a pulse input: the running total, so that a lost record costs no rain."""

from protocol.quality import GOOD
from protocol.variables import TOTAL, code_of

from .supply import Faults

MICROMETRES_PER_COUNT = 10  # of the channel, whose exponent is -2


class RainGauge:
    """The total since power came on; a smaller one than before says that it began again."""

    warm_up_ms = 0
    span_ms = 0

    def __init__(self, settings):
        self.faults = Faults()
        self._settings = settings

    def channels(self):
        return [(self._settings.sensor_no, code_of("rain_mm"), TOTAL, -2, 0)]

    def measure(self, board, centre_ms):
        board.sleep_until(centre_ms)
        total_um = board.pulses(self._settings.port) * self._settings.micrometres_per_pulse
        return [(total_um // MICROMETRES_PER_COUNT, GOOD)]


def open_sensors(all_settings):
    return [RainGauge(settings) for settings in all_settings]
