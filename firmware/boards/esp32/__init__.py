# Shared dialect: runs on MicroPython for the ESP32.
"""The ESP32 and ESP32-S3 as a station's board.

The queue needs a data partition labelled `queue` of 512 KiB in the partition table; MicroPython's own table has none.
"""

import esp32
import machine
from boards.mcu.board import McuBoard
from boards.mcu.flash import BlockDeviceRegion
from boards.mcu.system_clock import KEPT_BYTES, SystemClock
from boards.mcu.watchdog import PATIENCE_MS
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


class Board(McuBoard):
    """The system clock starts with the power and runs through deep sleep. RTC memory holds what it has to keep, then
    the application's bytes.
    """

    name = "esp32"

    def __init__(self) -> None:
        self._rtc = machine.RTC()
        kept = self._rtc.memory()
        super().__init__(wiring, PATIENCE_MS, SystemClock(kept))
        self._rtc_memory = bytes(kept[KEPT_BYTES:])

    def reset_cause(self):
        return _RESET_CAUSES.get(machine.reset_cause(), hal.POWER_ON)

    def set_utc_ms(self, utc_ms):
        super().set_utc_ms(utc_ms)
        self._keep()

    def set_rtc_memory(self, data):
        super().set_rtc_memory(data)
        self._keep()

    def deep_sleep_until(self, monotonic_ms):
        machine.deepsleep(max(1, monotonic_ms - self.monotonic_ms()))

    def battery_v(self):
        adc = machine.ADC(machine.Pin(wiring.BATTERY_PIN), atten=machine.ADC.ATTN_11DB)
        return adc.read_uv() / 1_000_000 * wiring.BATTERY_DIVIDER

    def use_modem(self, settings):
        from .cellular import JOIN_MS, Cellular

        self._network = Cellular(self, settings)
        self.join_ms = JOIN_MS

    def queue_flash(self):
        partitions = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=QUEUE_LABEL)
        if not partitions:
            raise hal.HardwareError("no-queue-partition")
        size_bytes = partitions[0].info()[3]
        return BlockDeviceRegion(partitions[0], size_bytes // BlockDeviceRegion.block_bytes, pads_pages=False)

    def _keep(self):
        self._rtc.memory(self._clock.pack() + self._rtc_memory)
