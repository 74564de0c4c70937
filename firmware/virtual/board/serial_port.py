# Shared dialect: MicroPython's unix port, started by firmware/virtual/rom.
"""A serial port of the virtual board: a terminal of the host, whose bytes come when bench time lets them."""

import select
import termios

import chip
import control_line
from station import hal

# Linux's codes; MicroPython's termios names only the last three.
BAUD_CODES = {
    1200: 9,
    2400: 11,
    4800: 12,
    19200: 14,
    38400: 15,
    9600: termios.B9600,
    57600: termios.B57600,
    115200: termios.B115200,
}
INPUT_SPEED = 4  # places in what tcgetattr returns
OUTPUT_SPEED = 5
# Real time in which the host passes bytes that the bench has already written.
TERMINAL_TRANSIT_MS = 5000


class TerminalPort(hal.SerialPort):
    """Format (bits, parity, stop) is not carried by a terminal; the speed is, and the bench checks it."""

    def __init__(self, port_no, baud):
        if baud not in BAUD_CODES:
            raise hal.HardwareError("baud")
        self._port_no = port_no
        self._consumed = 0
        self._emitted = 0
        path = chip.line.ask(control_line.OPEN_SERIAL, port_no)
        self._terminal = chip.host_files.open(str(path, "utf-8"), "r+b")
        attributes = termios.tcgetattr(self._terminal.fileno())
        attributes[INPUT_SPEED] = attributes[OUTPUT_SPEED] = BAUD_CODES[baud]
        termios.tcsetattr(self._terminal.fileno(), termios.TCSANOW, attributes)
        self._poll = select.poll()
        self._poll.register(self._terminal, select.POLLIN)

    def read_into(self, buffer, deadline_ms):
        if self._emitted == self._consumed:
            self._emitted = chip.line.wait(control_line.WAIT_SERIAL, self._port_no, deadline_ms, self._consumed)
        count = min(self._emitted - self._consumed, len(buffer))
        if count:
            # The terminal hands over what has arrived, so ask for exactly what the bench says it wrote.
            if not self._poll.poll(TERMINAL_TRANSIT_MS):
                raise hal.HardwareError("terminal")
            count = self._terminal.readinto(memoryview(buffer)[:count])
            self._consumed += count
        return count

    def write(self, data):
        self._terminal.write(data)

    def close(self):
        self._terminal.close()
        chip.line.tell(control_line.CLOSE_SERIAL, self._port_no)
