# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A board in memory: time that passes only in waits, a serial line fed with bytes at instants, a real socket."""

import select
import socket

from firmware.station import hal
from tests.fakes.nor_flash import NorFlash

PATIENCE_MS = 8000  # of real time without a byte from the broker; then the station's deadline is taken as passed


class Slept(BaseException):
    """Deep sleep, which ends a run."""


class Reset(BaseException):
    """A reset, which ends a run too; the next one is a new boot."""


class ScriptedPort(hal.SerialPort):
    """Bytes that arrive at given monotonic times."""

    def __init__(self, board, arrivals):
        self._board = board
        self._arrivals = [(at_ms, data) for at_ms, data in arrivals if at_ms >= board.now_ms]

    def read_into(self, buffer, deadline_ms):
        if not self._arrivals or self._arrivals[0][0] > deadline_ms:
            self._board.sleep_until(deadline_ms)
            return 0
        at_ms, data = self._arrivals[0]
        self._board.sleep_until(at_ms)
        count = min(len(buffer), len(data))
        buffer[:count] = data[:count]
        if count < len(data):
            self._arrivals[0] = (at_ms, data[count:])
        else:
            self._arrivals.pop(0)
        return count

    def close(self):
        self._board.open_ports -= 1


class SocketLink(hal.Link):
    """A TCP connection; while bytes may still come, bench time stands still."""

    def __init__(self, board, host, port):
        self._board = board
        self._socket = socket.socket()
        try:
            self._socket.connect(socket.getaddrinfo(host, port)[0][-1])
        except OSError as error:
            raise hal.HardwareError("refused") from error
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def read_into(self, buffer, deadline_ms):
        if not self._poll.poll(self._board.patience_ms):
            self._board.sleep_until(deadline_ms)
            return 0
        data = self._socket.recv(len(buffer))
        if not data:
            raise hal.HardwareError("closed")
        buffer[: len(data)] = data
        return len(data)

    def write(self, data, deadline_ms):
        self._socket.send(data)

    def close(self):
        self._socket.close()


class FakeBoard(hal.Board):
    """`power_cycle` and `wake` begin the next run; `lines` gives the arrivals on a port as a function of the board."""

    name = "fake"

    def __init__(self, utc_ms, flash=None):
        self.flash = flash or NorFlash()
        self.now_ms = 0
        self.utc_offset_ms = utc_ms
        self.cause = hal.POWER_ON
        self.rtc = b""
        self.lines = {}
        self.powered = set()
        self.open_ports = 0
        self.battery = 12.61
        self.address = None
        self.broker = None  # what answers `connect(board)` with a Link, in place of a real one at `address`
        self.time_server = None
        self.patience_ms = PATIENCE_MS
        self.link_attempts = 0
        self.slept_until_ms = None

    def wake(self):
        """Pass the deep sleep that the last run ended in."""
        self.now_ms = max(self.now_ms, self.slept_until_ms)
        self.cause = hal.DEEP_SLEEP

    def power_cycle(self, off_ms):
        """Lose the RTC memory and the monotonic time; a battery keeps UTC."""
        if self.utc_offset_ms is not None:
            self.utc_offset_ms += self.now_ms + off_ms
        self.now_ms = 0
        self.rtc = b""
        self.cause = hal.POWER_ON
        self.powered = set()
        self.open_ports = 0

    def reset_cause(self):
        return self.cause

    def monotonic_ms(self):
        return self.now_ms

    def utc_ms(self):
        return None if self.utc_offset_ms is None else self.utc_offset_ms + self.now_ms

    def rtc_memory(self):
        return self.rtc

    def set_rtc_memory(self, data):
        assert len(data) <= hal.RTC_MEMORY_BYTES
        self.rtc = bytes(data)

    def sleep_until(self, monotonic_ms):
        self.now_ms = max(self.now_ms, monotonic_ms)

    def deep_sleep_until(self, monotonic_ms):
        assert self.open_ports == 0 and not self.powered
        self.slept_until_ms = monotonic_ms
        raise Slept

    def reset(self):
        self.cause = hal.SOFT_RESET
        self.slept_until_ms = self.now_ms
        raise Reset

    def feed_watchdog(self):
        pass

    def set_power(self, switch_no, on):
        if on:
            self.powered.add(switch_no)
        else:
            self.powered.discard(switch_no)

    def battery_v(self):
        return self.battery

    def open_serial(self, port_no, baud, bits=8, parity=None, stop=1):
        port = ScriptedPort(self, self.lines[port_no](self))
        self.open_ports += 1
        return port

    def use_modem(self, settings):
        raise AssertionError("this board has no modem")

    def join_network(self, deadline_ms):
        pass  # `open_link` and `exchange_datagram` say when there is none

    def open_link(self, host, port, deadline_ms, secure=None):
        assert secure is None, "this board has no TLS; the virtual board has"
        self.link_attempts += 1
        if self.broker is not None:
            return self.broker.connect(self)
        if self.address is None:
            self.sleep_until(deadline_ms)
            raise hal.HardwareError("no-network")
        return SocketLink(self, *self.address)

    def exchange_datagram(self, host, port, request, deadline_ms):
        if self.time_server is None:
            self.sleep_until(deadline_ms)
            raise hal.HardwareError("timeout")
        return self.time_server(request)

    def set_utc_ms(self, utc_ms):
        self.utc_offset_ms = utc_ms - self.now_ms

    def close_network(self):
        pass

    def queue_flash(self):
        return self.flash

    def random_bytes(self, count):
        return bytes(range(1, count + 1))
