# Shared dialect: MicroPython's unix port, started by firmware/virtual/rom.
"""The link of the virtual board: a TCP socket of the host, on which it waits by way of the bench."""

import errno
import select
import socket

import chip
import control_line
from station import hal

FAILED = select.POLLERR | select.POLLHUP


class TcpLink(hal.Link):
    def __init__(self, host, port, deadline_ms, secure):
        try:
            address = socket.getaddrinfo(host, port)[0][-1]
        except OSError:
            raise hal.HardwareError("no-network")
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        try:
            self._socket.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                self.close()
                raise hal.HardwareError("refused")
            self._await_connection(deadline_ms)
        if secure is not None:
            self._poll.unregister(self._socket)
            self._socket = secure(self._socket)
            self._poll.register(self._socket, select.POLLIN)

    def read_into(self, buffer, deadline_ms):
        while True:
            try:
                count = self._socket.readinto(buffer)
            except (OSError, ValueError) as error:
                raise hal.link_failure(error)
            if count is not None:
                break
            # A TLS stream can hold back what came, until a whole record of it is there.
            if chip.line.monotonic_ms >= deadline_ms:
                return 0
            chip.line.wait(control_line.WAIT_LINK, 0, deadline_ms, 0, self._socket, select.POLLIN)
        if not count:
            raise hal.HardwareError("closed")
        return count

    def write(self, data, deadline_ms):
        rest = memoryview(data)
        while rest:
            try:
                sent = self._socket.write(rest)
            except (OSError, ValueError) as error:
                raise hal.link_failure(error)
            if sent:
                rest = rest[sent:]
            elif chip.line.monotonic_ms >= deadline_ms:
                raise hal.HardwareError("timeout")
            else:
                chip.line.wait(control_line.WAIT_LINK, 0, deadline_ms, 0, self._socket, select.POLLOUT)

    def close(self):
        self._socket.close()

    def _await_connection(self, deadline_ms):
        while not self._is_ready(select.POLLOUT):
            if chip.line.monotonic_ms >= deadline_ms:
                self.close()
                raise hal.HardwareError("timeout")
            chip.line.wait(control_line.WAIT_LINK, 0, deadline_ms, 0, self._socket, select.POLLOUT)
        if self._poll.poll(0)[0][1] & FAILED:
            self.close()
            raise hal.HardwareError("refused")

    def _is_ready(self, events):
        self._poll.modify(self._socket, events)
        return bool(self._poll.poll(0))
