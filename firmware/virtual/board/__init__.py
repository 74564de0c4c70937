# Shared dialect: MicroPython's unix port, started by firmware/virtual/rom.
"""The virtual station's board: hal.Board on top of the simulated chip."""

import os

import chip
import control_line
from station import hal

from .link import TcpLink
from .serial_port import TerminalPort

WATCHDOG_MS = 60000  # of bench time without progress; armed by the first feeding


class Board(hal.Board):
    """The board; there is one per run."""

    name = "virtual"

    def __init__(self):
        utc_ms = chip.run["utc_ms"]
        self._utc_at_power_on_ms = None if utc_ms is None else utc_ms - chip.run["monotonic_ms"]
        self._network = None  # the host's, which is always up, or a modem
        chip.line.on_watchdog = self._watchdog_reset

    def reset_cause(self):
        return chip.run["reset_cause"]

    def monotonic_ms(self):
        return chip.line.monotonic_ms

    def utc_ms(self):
        if self._utc_at_power_on_ms is None:
            return None
        return self._utc_at_power_on_ms + chip.line.monotonic_ms

    def set_utc_ms(self, utc_ms):
        self._utc_at_power_on_ms = utc_ms - chip.line.monotonic_ms
        chip.line.tell(control_line.SET_CLOCK, 0, utc_ms)

    def rtc_memory(self):
        return chip.rtc_memory

    def set_rtc_memory(self, data):
        if len(data) > hal.RTC_MEMORY_BYTES:
            raise ValueError("RTC memory holds %d bytes, not %d" % (hal.RTC_MEMORY_BYTES, len(data)))
        chip.rtc_memory = bytes(data)
        chip.line.tell(control_line.KEEP, 0, 0, 0, data)

    def sleep_until(self, monotonic_ms):
        while chip.line.monotonic_ms < monotonic_ms:
            chip.line.wait(control_line.WAIT_TIME, 0, monotonic_ms)

    def deep_sleep_until(self, monotonic_ms):
        chip.line.tell(control_line.DEEP_SLEEP, 0, monotonic_ms)
        chip.end_process(0)

    def reset(self):
        self._reset(hal.SOFT_RESET)

    def feed_watchdog(self):
        chip.line.watchdog_ms = chip.line.monotonic_ms + WATCHDOG_MS

    def set_power(self, switch_no, on):
        chip.line.tell(control_line.SET_POWER, switch_no, 1 if on else 0)

    def battery_v(self):
        return chip.run["battery_mv"] / 1000

    def open_serial(self, port_no, baud, bits=8, parity=None, stop=1):
        return TerminalPort(port_no, baud, bits, parity, stop)

    def pulses(self, input_no):
        return chip.line.ask(control_line.PULSES, input_no)[0]

    def use_modem(self, settings):
        from .cellular import JOIN_MS, Cellular

        self._network = Cellular(self, settings)
        self.join_ms = JOIN_MS

    def join_network(self, deadline_ms):
        if self._network is not None:
            self._network.join(deadline_ms)

    def open_link(self, host, port, deadline_ms, secure=None):
        self.join_network(deadline_ms)
        return TcpLink(host, port, deadline_ms, secure)

    def exchange_datagram(self, host, port, request, deadline_ms):
        self.join_network(deadline_ms)
        from .datagrams import exchange  # few wakes need it

        return exchange(host, port, request, deadline_ms)

    def close_network(self):
        if self._network is not None:
            self._network.leave()

    def queue_flash(self):
        return chip.queue_region

    def random_bytes(self, count):
        return os.urandom(count)

    def _watchdog_reset(self):
        self._reset(hal.WATCHDOG)

    def _reset(self, cause):
        chip.line.tell(control_line.RESET, cause)
        chip.end_process(0)
