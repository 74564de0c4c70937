# Shared dialect: runs on the microcontroller ports of MicroPython.
"""A TCP connection to the broker, with a deadline on every wait."""

import errno
import select
import socket

from station import hal

SLICE_MS = 1000  # of a wait between two ticks of the watchdog


class TcpLink(hal.Link):
    def __init__(self, board, host: str, port: int, deadline_ms: int, secure=None) -> None:
        self._board = board
        try:
            address = socket.getaddrinfo(host, port)[0][-1]
        except OSError:
            raise hal.HardwareError("no-address")
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLOUT)
        try:
            self._connect(address, deadline_ms)
            if secure is not None:
                self._poll.unregister(self._socket)
                self._socket = secure(self._socket)
                self._poll.register(self._socket, select.POLLIN)
        except hal.HardwareError:
            self.close()
            raise

    def read_into(self, buffer, deadline_ms: int) -> int:
        while True:
            try:
                count = self._socket.readinto(buffer)
            except (OSError, ValueError) as error:
                raise hal.link_failure(error)
            if count is not None:
                break
            # A TLS stream can hold back what came, until a whole record of it is there.
            if not self._wait(select.POLLIN, deadline_ms):
                return 0
        if not count:
            raise hal.HardwareError("closed")
        return count

    def write(self, data, deadline_ms: int) -> None:
        rest = memoryview(data)
        while rest:
            try:
                sent = self._socket.write(rest)
            except (OSError, ValueError) as error:
                raise hal.link_failure(error)
            if sent:
                rest = rest[sent:]
            elif not self._wait(select.POLLOUT, deadline_ms):
                raise hal.HardwareError("timeout")

    def close(self) -> None:
        self._socket.close()

    def _connect(self, address, deadline_ms: int) -> None:
        try:
            self._socket.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise hal.HardwareError("refused")
        if not self._wait(select.POLLOUT, deadline_ms):
            raise hal.HardwareError("timeout")
        if self._poll.poll(0)[0][1] & (select.POLLERR | select.POLLHUP):
            raise hal.HardwareError("refused")

    def _wait(self, event: int, deadline_ms: int) -> bool:
        """Return whether the socket is ready (or broken) before the deadline."""
        self._poll.modify(self._socket, event)
        while True:
            self._board.watchdog.tick()
            left_ms = deadline_ms - self._board.monotonic_ms()
            if self._poll.poll(max(0, min(SLICE_MS, left_ms))):
                return True
            if left_ms <= 0:
                return False
