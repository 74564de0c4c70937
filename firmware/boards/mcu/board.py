# Shared dialect: runs on the microcontroller ports of MicroPython.
"""What the boards with a microcontroller have in common: clock, pins, serial ports and the network."""

import os
import time

import machine
from station import hal

from .datagrams import exchange_datagram
from .link import TcpLink
from .system_clock import SystemClock
from .uart import UartPort
from .watchdog import Watchdog
from .wifi import Wifi

TICK_MS = 1000  # of a sleep with the processor on


class McuBoard(hal.Board):
    """`wiring` is the board's module of that name; deep sleep, battery, flash and modem are each board's own."""

    def __init__(self, wiring, watchdog_ms: int, clock: SystemClock) -> None:
        self.watchdog = Watchdog(watchdog_ms)
        self._wiring = wiring
        self._clock = clock
        self._network: hal.Network = Wifi(self)
        self._rtc_memory = b""

    def monotonic_ms(self):
        return self._clock.monotonic_ms()

    def utc_ms(self):
        return self._clock.utc_ms()

    def set_utc_ms(self, utc_ms):
        self._clock.set_utc_ms(utc_ms)

    def rtc_memory(self):
        return self._rtc_memory

    def set_rtc_memory(self, data):
        self._rtc_memory = bytes(data)

    def sleep_until(self, monotonic_ms):
        left_ms = monotonic_ms - self.monotonic_ms()
        while left_ms > 0:
            self.watchdog.tick()
            time.sleep_ms(min(left_ms, TICK_MS))
            left_ms = monotonic_ms - self.monotonic_ms()

    def reset(self):
        machine.reset()

    def feed_watchdog(self):
        self.watchdog.progress()

    def set_power(self, switch_no, on):
        machine.Pin(self._wiring.POWER_SWITCHES[switch_no], machine.Pin.OUT, value=1 if on else 0)

    def open_serial(self, port_no, baud, bits=8, parity=None, stop=1):
        uart_no, tx_pin, rx_pin = self._wiring.SERIAL_PORTS[port_no]
        direction_pin = self._wiring.DIRECTION_PINS.get(port_no)
        return UartPort(self, uart_no, tx_pin, rx_pin, direction_pin, baud, bits, parity, stop)

    def pulses(self, input_no):
        raise hal.HardwareError("no-pulse-counter")

    def join_network(self, deadline_ms):
        self._network.join(deadline_ms)

    def open_link(self, host, port, deadline_ms, secure=None):
        self._network.join(deadline_ms)
        return TcpLink(self, host, port, deadline_ms, secure)

    def exchange_datagram(self, host, port, request, deadline_ms):
        self._network.join(deadline_ms)
        return exchange_datagram(self, host, port, request, deadline_ms)

    def close_network(self):
        self._network.leave()

    def random_bytes(self, count):
        return os.urandom(count)
