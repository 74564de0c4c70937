# Shared dialect: runs on the microcontroller ports of MicroPython.
"""A TCP connection to the broker, with a deadline on every wait."""

import errno
import select
import socket

from station import hal
from station.stream_link import StreamLink

SLICE_MS = 1000  # of a wait between two ticks of the watchdog


class TcpLink(StreamLink):
    def __init__(self, board, host: str, port: int, deadline_ms: int, secure=None) -> None:
        self._board = board
        try:
            address = socket.getaddrinfo(host, port)[0][-1]
        except OSError:
            raise hal.HardwareError("no-address")
        self._stream = socket.socket()
        self._stream.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._stream, select.POLLOUT)
        try:
            self._connect(address, deadline_ms)
            if secure is not None:
                self._poll.unregister(self._stream)
                self._stream = secure(self._stream)
                self._poll.register(self._stream, select.POLLIN)
        except hal.HardwareError:
            self.close()
            raise

    def _wait_to_read(self, deadline_ms: int) -> bool:
        return self._wait(select.POLLIN, deadline_ms)

    def _wait_to_write(self, deadline_ms: int) -> bool:
        return self._wait(select.POLLOUT, deadline_ms)

    def _connect(self, address, deadline_ms: int) -> None:
        try:
            self._stream.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise hal.HardwareError("refused")
        if not self._wait(select.POLLOUT, deadline_ms):
            raise hal.HardwareError("timeout")
        if self._poll.poll(0)[0][1] & (select.POLLERR | select.POLLHUP):
            raise hal.HardwareError("refused")

    def _wait(self, event: int, deadline_ms: int) -> bool:
        """Return whether the socket is ready (or broken) before the deadline."""
        self._poll.modify(self._stream, event)
        while True:
            self._board.watchdog.tick()
            left_ms = deadline_ms - self._board.monotonic_ms()
            if self._poll.poll(max(0, min(SLICE_MS, left_ms))):
                return True
            if left_ms <= 0:
                return False
