# Shared dialect: MicroPython's unix port, started by firmware/virtual/rom.
"""A serial port of the virtual board: a terminal of the host, whose bytes come when bench time lets them."""

import select
import termios

import chip
import control_line
from station import hal

# Linux's codes; MicroPython's termios names only the last three.
BAUD_CODES = {
    300: 7,
    600: 8,
    1200: 9,
    2400: 11,
    4800: 12,
    19200: 14,
    38400: 15,
    9600: termios.B9600,
    57600: termios.B57600,
    115200: termios.B115200,
}
# A terminal carries no break; its nearest likeness is a zero byte at a speed at which it is low for long enough.
BREAK_BAUDS = (1200, 600, 300)
INPUT_SPEED = 4  # places in what tcgetattr returns
OUTPUT_SPEED = 5
# Real time in which the host passes bytes that the bench has already written.
TERMINAL_TRANSIT_MS = 5000


class TerminalPort(hal.SerialPort):
    """A terminal carries the speed; the frame (bits, parity, stop) is told to the bench, which checks both."""

    def __init__(self, port_no, baud, bits, parity, stop):
        if baud not in BAUD_CODES:
            raise hal.HardwareError("baud")
        self._port_no = port_no
        self._baud = baud
        self._low_bits = 1 + bits + (parity is not None)  # of a zero byte: all but the stop bits
        self._bits = self._low_bits + stop
        self._consumed = 0
        self._emitted = 0
        frame = "%d%s%d" % (bits, "N" if parity is None else "EO"[parity], stop)
        _, path = chip.line.ask(control_line.OPEN_SERIAL, port_no, frame.encode())
        self._terminal = chip.host_files.open(str(path, "utf-8"), "r+b")
        self._set_speed(baud)
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
        self._send(data, self._baud)

    def send_break(self, low_ms):
        for baud in BREAK_BAUDS:
            if self._low_bits * 1000 >= low_ms * baud:
                self._set_speed(baud)
                self._send(b"\x00", baud)
                self._set_speed(self._baud)
                return
        raise hal.HardwareError("break")

    def close(self):
        self._terminal.close()
        chip.line.tell(control_line.CLOSE_SERIAL, self._port_no)

    def _send(self, data, baud):
        self._terminal.write(data)
        chip.line.tell(control_line.SERIAL_WRITTEN, self._port_no, len(data))
        sent_ms = chip.line.monotonic_ms + (len(data) * self._bits * 1000 + baud - 1) // baud
        while chip.line.monotonic_ms < sent_ms:
            chip.line.wait(control_line.WAIT_TIME, 0, sent_ms)

    def _set_speed(self, baud):
        attributes = termios.tcgetattr(self._terminal.fileno())
        attributes[INPUT_SPEED] = attributes[OUTPUT_SPEED] = BAUD_CODES[baud]
        termios.tcsetattr(self._terminal.fileno(), termios.TCSANOW, attributes)
