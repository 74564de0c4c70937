# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A board in memory with something on a serial line that answers what is written."""

from tests.fakes.board import FakeBoard, ScriptedPort

ANSWER_AFTER_MS = 10


class AnsweringPort(ScriptedPort):
    """`answer(written)` gives the bytes that come back; `breaks` notes (when, for how long) of each break."""

    def __init__(self, board, answer):
        ScriptedPort.__init__(self, board, [])
        self._answer = answer
        self.breaks = []

    def write(self, data):
        self.arrive(self._board.now_ms + ANSWER_AFTER_MS, self._answer(bytes(data)))

    def arrive(self, at_ms, data):
        if data:
            self._arrivals.append((at_ms, data))

    def send_break(self, low_ms):
        self.breaks.append((self._board.now_ms, low_ms))
        self._board.sleep_until(self._board.now_ms + low_ms)


class AnsweringBoard(FakeBoard):
    """`answer` is that of every port; the last port opened is `port`."""

    def __init__(self, answer):
        FakeBoard.__init__(self, None)
        self._port_answer = answer
        self.port = None

    def open_serial(self, port_no, baud, bits=8, parity=None, stop=1):
        self.port = AnsweringPort(self, self._port_answer)
        self.open_ports += 1
        return self.port
