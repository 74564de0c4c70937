# Shared dialect: MicroPython's unix port, started by firmware/virtual/rom.
"""The link of the virtual board: a TCP socket of the host, on which it waits by way of the bench."""

import errno
import select
import socket

import chip
import control_line
from station import hal
from station.stream_link import StreamLink

FAILED = select.POLLERR | select.POLLHUP


class TcpLink(StreamLink):
    def __init__(self, host, port, deadline_ms, secure):
        try:
            address = socket.getaddrinfo(host, port)[0][-1]
        except OSError:
            raise hal.HardwareError("no-network")
        self._stream = socket.socket()
        self._stream.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._stream, select.POLLIN)
        try:
            self._stream.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                self.close()
                raise hal.HardwareError("refused")
            self._await_connection(deadline_ms)
        if secure is not None:
            self._poll.unregister(self._stream)
            self._stream = secure(self._stream)
            self._poll.register(self._stream, select.POLLIN)

    def _wait_to_read(self, deadline_ms):
        return self._wait(select.POLLIN, deadline_ms)

    def _wait_to_write(self, deadline_ms):
        return self._wait(select.POLLOUT, deadline_ms)

    def _wait(self, event, deadline_ms):
        if chip.line.monotonic_ms >= deadline_ms:
            return False
        chip.line.wait(control_line.WAIT_LINK, 0, deadline_ms, 0, self._stream, event)
        return True

    def _await_connection(self, deadline_ms):
        while not self._is_ready(select.POLLOUT):
            if not self._wait_to_write(deadline_ms):
                self.close()
                raise hal.HardwareError("timeout")
        if self._poll.poll(0)[0][1] & FAILED:
            self.close()
            raise hal.HardwareError("refused")

    def _is_ready(self, events):
        self._poll.modify(self._stream, events)
        return bool(self._poll.poll(0))
