# Shared dialect: runs on MicroPython, and on CPython.
"""Modbus RTU on a line that spoils what it can; frames of the Keller protocol manual."""

from firmware.station.sensors.modbus import TRIES, ModbusError, Slave, crc16
from firmware.station.sensors.supply import Faults
from tests.fakes.answering_board import AnsweringBoard
from tests.firmware.station.expecting import raises

PRESSURE = (0x0002, 2)
BOTH = (0x0100, 4)
# (first register, count): (request, answer)
VECTORS = {
    PRESSURE: ("010300020002 65CB", "010304 3F75F07B E3DE"),
    BOTH: ("010301000004 45F5", "010308 3F75E3D241B61C20 A0C7"),
}
REQUEST, ANSWER = (bytes.fromhex(text.replace(" ", "")) for text in VECTORS[BOTH])
DATA = ANSWER[3:-2]
OTHER_SLAVE = b"\x02" + ANSWER[1:-2] + crc16(b"\x02" + ANSWER[1:-2])
REFUSAL = b"\x01\x83\x02" + crc16(b"\x01\x83\x02")

# name: (answers to the tries, what is read or the reason, silent, broken)
LINES = {
    "clean": ([ANSWER], DATA, 0, 0),
    "echo of the request first": ([REQUEST + ANSWER], DATA, 0, 0),
    "noise first": ([b"\xff\x01\x03\x08" + ANSWER], DATA, 0, 0),
    "silent once": ([b"", ANSWER], DATA, 1, 0),
    "wrong CRC twice": ([ANSWER[:-1] + b"\x00", ANSWER[:-1] + b"\x00", ANSWER], DATA, 0, 2),
    "cut short": ([ANSWER[:7], ANSWER], DATA, 0, 1),
    "another slave's answer": ([OTHER_SLAVE, ANSWER], DATA, 0, 1),
    "fewer registers than asked for": ([bytes.fromhex("0103043F75F07BE3DE"), ANSWER], DATA, 0, 1),
    "refused": ([REFUSAL], "refused", 0, 0),
    "silent": ([b""] * TRIES, "silent", TRIES, 0),
    "echo only": ([REQUEST] * TRIES, "broken", 0, TRIES),
    "garbage": ([b"\x80" * 40] * TRIES, "broken", 0, TRIES),
}


def slave(answers, written, faults):
    left = list(answers)

    def answer(request):
        written.append(request)
        return left.pop(0)

    board = AnsweringBoard(answer)
    return board, Slave(board, board.open_serial(1, 9600), 1, faults)


def test_requests_and_answers_are_those_of_the_manual():
    for (first, count), (request, answer) in sorted(VECTORS.items()):
        written = []
        frame = bytes.fromhex(answer.replace(" ", ""))
        _, asked = slave([frame], written, Faults())
        assert asked.read_registers(first, count) == frame[3:-2]
        assert written == [bytes.fromhex(request.replace(" ", ""))]


def test_a_right_answer_is_found_on_a_bad_line_and_a_bad_one_never_taken():
    for name, (answers, expected, silent, broken) in sorted(LINES.items()):
        faults = Faults()
        written = []
        _, asked = slave(answers, written, faults)
        if isinstance(expected, bytes):
            assert asked.read_registers(*BOTH) == expected, name
        else:
            assert raises(ModbusError, asked.read_registers, *BOTH).reason == expected, name
        assert (faults.silent, faults.broken) == (silent, broken), name
        assert written == [REQUEST] * len(answers), name


def test_one_wrong_bit_anywhere_is_noticed():
    for place in range(len(ANSWER)):
        for bit in range(8):
            spoilt = bytearray(ANSWER)
            spoilt[place] ^= 1 << bit
            _, asked = slave([bytes(spoilt)] * TRIES, [], Faults())
            raises(ModbusError, asked.read_registers, *BOTH)


def test_a_line_that_never_falls_silent_does_not_hold_the_station():
    board, asked = slave([b""] * TRIES, [], Faults())
    for at_ms in range(0, 20_000, 2):
        board.port.arrive(at_ms, b"\x55")
    started_ms = board.now_ms
    raises(ModbusError, asked.read_registers, *BOTH)
    assert board.now_ms - started_ms <= 2000
