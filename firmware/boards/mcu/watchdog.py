# Shared dialect: runs on the microcontroller ports of MicroPython.
"""A hardware watchdog with a patience of its own: some chips allow a few seconds only, a receipt may take longer."""

import time

import machine

PATIENCE_MS = 60_000  # without progress of the application


class Watchdog:
    """`progress` is the application's word; `tick` passes it on to the hardware from inside every wait."""

    def __init__(self, hardware_ms: int) -> None:
        self._hardware = machine.WDT(timeout=hardware_ms)
        self._progress_ms = time.ticks_ms()

    def progress(self) -> None:
        self._progress_ms = time.ticks_ms()
        self._hardware.feed()

    def tick(self) -> None:
        """Feed the hardware, unless the application has made no progress for too long: then the chip resets."""
        if time.ticks_diff(time.ticks_ms(), self._progress_ms) < PATIENCE_MS:
            self._hardware.feed()
