"""A Modbus RTU slave with holding registers, as strict as MODBUS over Serial Line V1.02 asks."""

from collections.abc import Mapping
from math import ceil

from firmware.virtual.sensors.crc import crc16
from firmware.virtual.sensors.instrument import AnsweringInstrument

__all__ = ["ModbusSlave", "frame_check"]

CRC_START = 0xFFFF
READ_HOLDING = 3
REQUEST_BYTES = 8
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_COUNT = 1, 2, 3
EXCEPTION = 0x80
CHARACTER_BITS = 11  # section 2.5.1: with parity, or two stop bits in its place
SILENT_CHARACTERS = 3.5
TURNAROUND_MS = 10


class ModbusSlave(AnsweringInstrument):
    """Answers reads of what `registers` gives; to what is not a whole request to it, it answers nothing."""

    faults = ("silent", "crc", "noise")
    most_registers = 125

    def __init__(self, address: int) -> None:
        super().__init__()
        self._address = address
        self._frame = b""
        self._heard_until_ms = 0.0

    def registers(self, at_ms: int) -> Mapping[int, int]:
        """Return the values of all registers at an instant, by address."""
        raise NotImplementedError

    def receive(self, data: bytes, began_ms: float, ended_ms: float) -> None:
        # A frame begins after a silence; what follows sooner is part of the frame before.
        silence_ms = SILENT_CHARACTERS * CHARACTER_BITS * 1000 / self.baud
        self._frame = data if began_ms - self._heard_until_ms >= silence_ms else self._frame + data
        self._heard_until_ms = ended_ms
        frame = self._frame
        is_request = len(frame) == REQUEST_BYTES and frame_check(frame[:-2]) == frame[-2:]
        if self._powered_at_ms is None or not is_request or frame[0] != self._address or self._fails("silent"):
            return
        answer = self._answer(frame[1], int.from_bytes(frame[2:4]), int.from_bytes(frame[4:6]), ceil(ended_ms))
        answer += frame_check(answer)
        if self._fails("crc"):
            answer = answer[:-1] + bytes((answer[-1] ^ 0x55,))
        if self._fails("noise"):
            answer = bytes((0xFF, self._address, READ_HOLDING, 0x00)) + answer
        sent_ms = len(answer) * CHARACTER_BITS * 1000 / self.baud
        self._heard_until_ms = ended_ms + TURNAROUND_MS + sent_ms
        self._say(answer, ceil(self._heard_until_ms))

    def _answer(self, function: int, first: int, count: int, at_ms: int) -> bytes:
        registers = self.registers(at_ms)
        error = 0
        if function != READ_HOLDING:
            error = ILLEGAL_FUNCTION
        elif not 1 <= count <= self.most_registers:
            error = ILLEGAL_COUNT
        elif any(address not in registers for address in range(first, first + count)):
            error = ILLEGAL_ADDRESS
        if error:
            return bytes((self._address, function | EXCEPTION, error))
        data = b"".join(registers[address].to_bytes(2) for address in range(first, first + count))
        return bytes((self._address, function, len(data))) + data


def frame_check(data: bytes) -> bytes:
    """Return the CRC of a frame, low byte first (section 6.2.2)."""
    return crc16(data, CRC_START).to_bytes(2, "little")
