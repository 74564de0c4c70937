# Shared dialect: runs on MicroPython for the RP2.
"""The Raspberry Pi Pico W and Pico 2 W as a station's board.

The queue lies in the last 512 KiB of the flash that MicroPython gives to files. MicroPython's own `_boot.py` mounts all
of it, so this needs a build whose `_boot.py` mounts `rp2.Flash(start=0, len=<all but the last 512 KiB>)`.

The chip has no deep sleep that keeps time: between wakes it idles with the radio off, and then starts the interpreter
again. What RTC memory holds elsewhere is a small file here, written once before each sleep.
"""

import struct
import time

import machine
import rp2
from boards.mcu.board import TICK_MS, McuBoard
from boards.mcu.flash import BlockDeviceRegion
from boards.mcu.system_clock import KEPT_BYTES, SystemClock
from station import hal

from . import wiring

__all__ = ["Board"]

QUEUE_BYTES = 512 * 1024
WATCHDOG_MS = 8000  # the hardware's limit is 8388 ms
BLOCK_COUNT = 4  # operation of ioctl
_STATE_FILE = "/rtc_memory"
_WRITTEN = "<q"  # monotonic ms when it was written; then what SystemClock packs, then the application's bytes
_WRITTEN_BYTES = struct.calcsize(_WRITTEN)


class _NoModem(hal.Network):
    """MicroPython for this chip has no PPP; the flasher says so too."""

    def join(self, deadline_ms: int) -> None:
        raise hal.HardwareError("no-ppp")

    def leave(self) -> None:
        pass


class Board(McuBoard):
    """The system clock starts with the power and runs over a soft reset."""

    name = "rp2"

    def __init__(self) -> None:
        super().__init__(wiring, WATCHDOG_MS, SystemClock())
        self._woke = False
        self._recall()

    def reset_cause(self):
        if machine.reset_cause() == machine.WDT_RESET:
            return hal.WATCHDOG
        return hal.DEEP_SLEEP if self._woke else hal.POWER_ON

    def deep_sleep_until(self, monotonic_ms):
        with open(_STATE_FILE, "wb") as file:
            file.write(struct.pack(_WRITTEN, self.monotonic_ms()) + self._clock.pack() + self._rtc_memory)
        while self.monotonic_ms() < monotonic_ms:
            # Sleeping is what the application asked for, so it counts as progress.
            self.watchdog.progress()
            time.sleep_ms(TICK_MS)
        machine.soft_reset()

    def battery_v(self):
        fraction = machine.ADC(machine.Pin(wiring.BATTERY_PIN)).read_u16() / 65_535
        return fraction * wiring.ADC_REFERENCE_V * wiring.BATTERY_DIVIDER

    def use_modem(self, settings):
        self._network = _NoModem()

    def queue_flash(self):
        storage_blocks = rp2.Flash().ioctl(BLOCK_COUNT, 0)
        if storage_blocks is None:
            raise hal.HardwareError("no-flash")
        storage_bytes = storage_blocks * BlockDeviceRegion.block_bytes
        device = rp2.Flash(start=storage_bytes - QUEUE_BYTES, len=QUEUE_BYTES)
        return BlockDeviceRegion(device, QUEUE_BYTES // BlockDeviceRegion.block_bytes, pads_pages=True)

    def _recall(self):
        """Take up what was kept before the sleep; after a power loss the clock is behind the file, which is stale."""
        try:
            with open(_STATE_FILE, "rb") as file:
                kept = file.read()
        except OSError:
            return
        if len(kept) >= _WRITTEN_BYTES + KEPT_BYTES:
            clock = SystemClock(kept[_WRITTEN_BYTES:])
            if struct.unpack(_WRITTEN, kept[:_WRITTEN_BYTES])[0] <= clock.monotonic_ms():
                self._woke = True
                self._clock = clock
                self._rtc_memory = kept[_WRITTEN_BYTES + KEPT_BYTES :]
