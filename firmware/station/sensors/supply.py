# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The supply and the port of a sensor, held for one measurement; and what goes wrong on its line."""


class SuppliedPort:
    """With this, sensors are supplied and their port is open; both end whatever happens. A switch None is none."""

    def __init__(self, board, port_no, switches, baud, bits=8, parity=None):
        self._board = board
        self._port_no = port_no
        self._switches = {switch for switch in switches if switch is not None}
        self._line = (baud, bits, parity)
        self._port = None

    def __enter__(self):
        try:
            for switch in self._switches:
                self._board.set_power(switch, True)
            self._port = self._board.open_serial(self._port_no, *self._line)
        except Exception:
            self._switch_off()
            raise
        return self._port

    def __exit__(self, kind, error, traceback):
        try:
            self._port.close()
        finally:
            self._switch_off()

    def _switch_off(self):
        for switch in self._switches:
            self._board.set_power(switch, False)


class Faults:
    """What went wrong on a sensor's line, counted since the wake began, whether or not a reading came of it."""

    __slots__ = ("broken", "silent")

    def __init__(self):
        self.silent = 0  # questions without an answer, and frames that did not come
        self.broken = 0  # answers and frames that failed their check or could not be read
