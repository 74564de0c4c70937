# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A link whose other end is a script: what it answers to each write, byte for byte."""

from firmware.station.hal import HardwareError, Link

CLOSED = object()


class ScriptedLink(Link):
    """`answers` has one entry per write: bytes that then arrive, b"" for silence, CLOSED for a connection that ends."""

    def __init__(self, board, answers):
        self.written = bytearray()
        self._board = board
        self._answers = list(answers)
        self._incoming = bytearray()
        self._is_closed = False

    def read_into(self, buffer, deadline_ms):
        if self._incoming:
            count = min(len(buffer), len(self._incoming))
            buffer[:count] = self._incoming[:count]
            self._incoming = self._incoming[count:]
            return count
        if self._is_closed:
            raise HardwareError("closed")
        self._board.sleep_until(deadline_ms)
        return 0

    def write(self, data, deadline_ms):
        if self._is_closed:
            raise HardwareError("closed")
        self.written += data
        answer = self._answers.pop(0) if self._answers else b""
        if answer is CLOSED:
            self._is_closed = True
        else:
            self._incoming += answer
