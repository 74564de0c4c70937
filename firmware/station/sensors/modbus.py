# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Modbus RTU master: registers of a slave, asked for again when the answer is missing or broken.

Frames: MODBUS over Serial Line V1.02, sections 2.5.1 (silent intervals) and 6.2.2 (CRC). An answer is looked for
anywhere in what came, so that noise before it, or the echo of a half-duplex line, costs nothing.
"""

READ_HOLDING = 3

TRIES = 3
ANSWER_MS = 250  # from the end of the request to the last byte of the answer
SILENCE_MS = 5  # at least 3.5 characters at 9600 Bd, rounded up to whole milliseconds of the board's clock

_EXCEPTION = 0x80
_EXCEPTION_BYTES = 5
_OVERHEAD_BYTES = 5  # address, function, count, CRC
_BUFFER_BYTES = 64


class ModbusError(Exception):
    """No registers came; `reason` is "silent", "broken" or "refused"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Slave:
    """One slave on an open port; `faults` counts what had to be asked again."""

    def __init__(self, board, port, address, faults):
        self._board = board
        self._port = port
        self._address = address
        self._faults = faults
        self._buffer = bytearray(_BUFFER_BYTES)

    def read_registers(self, first, count):
        """Return the bytes of `count` holding registers, big-endian, or raise ModbusError."""
        request = bytes((self._address, READ_HOLDING, first >> 8, first & 0xFF, 0, count))
        request += crc16(request)
        reason = "silent"
        for _ in range(TRIES):
            self._drain()
            self._port.write(request)
            answer, any_byte = self._await_answer(2 * count)
            if answer is not None:
                return answer
            reason = "broken" if any_byte else "silent"
            self._faults.broken += any_byte
            self._faults.silent += not any_byte
        raise ModbusError(reason)

    def _await_answer(self, data_bytes):
        """Return (the registers' bytes or None, whether any byte came); raise ModbusError when the slave refuses."""
        deadline_ms = self._board.monotonic_ms() + ANSWER_MS
        received = b""
        while True:
            count = self._port.read_into(self._buffer, deadline_ms)
            if count == 0:
                return None, received != b""
            received += bytes(memoryview(self._buffer)[:count])
            for start in range(len(received) - _EXCEPTION_BYTES + 1):
                if received[start] != self._address:
                    continue
                if is_whole(received, start, READ_HOLDING | _EXCEPTION, _EXCEPTION_BYTES):
                    raise ModbusError("refused")
                size = _OVERHEAD_BYTES + data_bytes
                if received[start + 2] == data_bytes and is_whole(received, start, READ_HOLDING, size):
                    return received[start + 3 : start + 3 + data_bytes], True

    def _drain(self):
        """Wait until the line has been silent for as long as ends a frame."""
        deadline_ms = self._board.monotonic_ms() + ANSWER_MS
        while self._port.read_into(self._buffer, min(self._board.monotonic_ms() + SILENCE_MS, deadline_ms)):
            pass


def is_whole(received, start, function, size):
    """True when a frame of this function and size, with a right CRC, begins at `start`."""
    frame = received[start : start + size]
    return len(frame) == size and frame[1] == function and crc16(frame[:-2]) == frame[-2:]


def crc16(data):
    """Return the two CRC bytes of a frame, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return bytes((crc & 0xFF, crc >> 8))
