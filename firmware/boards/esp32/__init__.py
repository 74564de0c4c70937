# Shared dialect: runs on MicroPython for the ESP32.
"""The ESP32 and ESP32-S3 as a station's board.

The queue needs a data partition labelled `queue` of 512 KiB in the partition table; MicroPython's own table has none.
"""

import os
import time

import esp32
import machine
from boards.mcu.datagrams import exchange_datagram
from boards.mcu.flash import BlockDeviceRegion
from boards.mcu.link import TcpLink
from boards.mcu.system_clock import KEPT_BYTES, SystemClock
from boards.mcu.uart import UartPort
from boards.mcu.watchdog import PATIENCE_MS, Watchdog
from boards.mcu.wifi import Wifi
from station import hal

from . import wiring

__all__ = ["Board"]

QUEUE_LABEL = "queue"
_RESET_CAUSES = {
    machine.PWRON_RESET: hal.POWER_ON,
    machine.HARD_RESET: hal.POWER_ON,
    machine.DEEPSLEEP_RESET: hal.DEEP_SLEEP,
    machine.WDT_RESET: hal.WATCHDOG,
    machine.SOFT_RESET: hal.SOFT_RESET,
}
_TICK_MS = 1000


class Board(hal.Board):
    """The system clock starts with the power and runs through deep sleep. RTC memory holds what it has to keep, then
    the application's bytes.
    """

    name = "esp32"

    def __init__(self) -> None:
        self.watchdog = Watchdog(PATIENCE_MS)
        self._network: hal.Network = Wifi(self)
        self._rtc = machine.RTC()
        kept = self._rtc.memory()
        self._clock = SystemClock(kept)
        self._rtc_memory = bytes(kept[KEPT_BYTES:])

    def reset_cause(self):
        return _RESET_CAUSES.get(machine.reset_cause(), hal.POWER_ON)

    def monotonic_ms(self):
        return self._clock.monotonic_ms()

    def utc_ms(self):
        return self._clock.utc_ms()

    def set_utc_ms(self, utc_ms):
        self._clock.set_utc_ms(utc_ms)
        self._keep()

    def rtc_memory(self):
        return self._rtc_memory

    def set_rtc_memory(self, data):
        self._rtc_memory = bytes(data)
        self._keep()

    def sleep_until(self, monotonic_ms):
        left_ms = monotonic_ms - self.monotonic_ms()
        while left_ms > 0:
            self.watchdog.tick()
            time.sleep_ms(min(left_ms, _TICK_MS))
            left_ms = monotonic_ms - self.monotonic_ms()

    def deep_sleep_until(self, monotonic_ms):
        machine.deepsleep(max(1, monotonic_ms - self.monotonic_ms()))

    def reset(self):
        machine.reset()

    def feed_watchdog(self):
        self.watchdog.progress()

    def set_power(self, switch_no, on):
        machine.Pin(wiring.POWER_SWITCHES[switch_no], machine.Pin.OUT, value=1 if on else 0)

    def battery_v(self):
        adc = machine.ADC(machine.Pin(wiring.BATTERY_PIN), atten=machine.ADC.ATTN_11DB)
        return adc.read_uv() / 1_000_000 * wiring.BATTERY_DIVIDER

    def open_serial(self, port_no, baud, bits=8, parity=None, stop=1):
        uart_no, tx_pin, rx_pin = wiring.SERIAL_PORTS[port_no]
        direction_pin = wiring.DIRECTION_PINS.get(port_no)
        return UartPort(self, uart_no, tx_pin, rx_pin, direction_pin, baud, bits, parity, stop)

    def pulses(self, input_no):
        raise hal.HardwareError("no-pulse-counter")

    def use_modem(self, settings):
        from .cellular import JOIN_MS, Cellular

        self._network = Cellular(self, settings)
        self.join_ms = JOIN_MS

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

    def queue_flash(self):
        partitions = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=QUEUE_LABEL)
        if not partitions:
            raise hal.HardwareError("no-queue-partition")
        size_bytes = partitions[0].info()[3]
        return BlockDeviceRegion(partitions[0], size_bytes // BlockDeviceRegion.block_bytes, pads_pages=False)

    def random_bytes(self, count):
        return os.urandom(count)

    def _keep(self):
        self._rtc.memory(self._clock.pack() + self._rtc_memory)
