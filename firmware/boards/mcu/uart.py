# Shared dialect: runs on the microcontroller ports of MicroPython.
"""A serial port on a hardware UART."""

import time

import machine
from station import hal

RECEIVE_BYTES = 512
POLL_MS = 5
BREAK_BITS = 13  # for which MicroPython's sendbreak holds the line


class UartPort(hal.SerialPort):
    """`stream` is the UART itself, for PPP; `direction_pin` is high while it sends, None where no driver needs that."""

    def __init__(
        self, board, uart_no: int, tx_pin: int, rx_pin: int, direction_pin, baud: int, bits: int, parity, stop: int
    ) -> None:
        self._board = board
        self._baud = baud
        self._direction = None if direction_pin is None else machine.Pin(direction_pin, machine.Pin.OUT, value=0)
        self.stream = machine.UART(
            uart_no,
            baudrate=baud,
            bits=bits,
            parity=parity,
            stop=stop,
            tx=machine.Pin(tx_pin),
            rx=machine.Pin(rx_pin),
            rxbuf=RECEIVE_BYTES,
        )

    def read_into(self, buffer, deadline_ms: int) -> int:
        while not self.stream.any():
            if self._board.monotonic_ms() >= deadline_ms:
                return 0
            self._board.watchdog.tick()
            time.sleep_ms(POLL_MS)
        return self.stream.readinto(buffer) or 0

    def write(self, data) -> None:
        self._drive(1)
        self.stream.write(data)
        self.stream.flush()  # until the last bit has left: a sensor may answer right after it
        self._drive(0)

    def send_break(self, low_ms: int) -> None:
        self._drive(1)
        self.stream.init(baudrate=BREAK_BITS * 1000 // low_ms)
        self.stream.sendbreak()
        self.stream.init(baudrate=self._baud)
        self._drive(0)

    def close(self) -> None:
        self.stream.deinit()

    def _drive(self, level: int) -> None:
        if self._direction is not None:
            self._direction.value(level)
