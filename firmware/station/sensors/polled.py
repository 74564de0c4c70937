# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Sensors on Modbus that are asked for each reading of a burst."""

from .modbus import ModbusError, Slave
from .supply import Faults, SuppliedPort

BAUD = 9600
FAILED_LIMIT = 2  # readings that may fail before the sensor is given up: each has been asked for several times


class PolledSensor:
    """A burst of readings; a driver says what to read, and what a record holds of the readings.

    `read(slave)` returns one reading or raises ModbusError; `values(readings, reason)` the values of `channels()`, the
    reason being that of the last failure, or None.
    """

    period_ms = 250
    warm_up_ms = 500
    parity = None

    def __init__(self, settings):
        self.span_ms = settings.burst * self.period_ms
        self.faults = Faults()
        self._settings = settings

    def measure(self, board, centre_ms):
        start_ms = centre_ms - self.span_ms // 2
        board.sleep_until(start_ms - self.warm_up_ms)
        # A board that woke late measures late: the sensor still gets its warm-up.
        start_ms = max(start_ms, board.monotonic_ms() + self.warm_up_ms)
        readings = []
        reason = None
        failed = 0
        settings = self._settings
        with SuppliedPort(board, settings.port, [settings.power_switch], BAUD, parity=self.parity) as port:
            slave = Slave(board, port, settings.modbus_address, self.faults)
            for index in range(settings.burst):
                board.sleep_until(start_ms + index * self.period_ms)
                try:
                    readings.append(self.read(slave))
                except ModbusError as error:
                    reason = error.reason
                    failed += 1
                    if failed == FAILED_LIMIT:
                        break
        return self.values(readings, reason)
