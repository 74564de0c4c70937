# Shared dialect: runs on MicroPython, and on CPython.
"""SDI-12: CRC and values as the standard prints them, and answers on a line that spoils what it can."""

from firmware.station.sdi12 import console
from firmware.station.sdi12.crc import crc_characters
from firmware.station.sdi12.line import Line, NoAnswer
from firmware.station.sdi12.recorder import Recorder
from firmware.station.sdi12.values import mantissa_of, split_values
from firmware.station.sensors.supply import Faults
from tests.fakes.answering_board import AnsweringBoard
from tests.firmware.station.expecting import raises

# Standard version 1.4, sections 4.4.12.3 and 4.4.8.1, and one whose CRC holds a backslash.
CRCS = {
    "0+3.14": "OqZ",
    "0+3.14+2.718+1.414": "Ipz",
    "0+1.11+2.22+3.33+4.44+5.55+6.66": "I]q",
    "0+7.77+8.88+9.99": "IvW",
    "0+3.14+2.718": "IWO",
    "0+1.234+21.5-0.02": "E\\_",
    "0": "AP@",
}
VALUES = {
    "+3.14": ["+3.14"],
    "+1.234+21.5-0.02": ["+1.234", "+21.5", "-0.02"],
    "-1234567": ["-1234567"],
    "+123456.7+0": ["+123456.7", "+0"],
    "": [],
}
NO_VALUES = ("3.14", "+", "+-1", "+1.2.3", "+12345678", "+1,5", "+1e5", "+ 1", "+.", "+1.5AP@")
# (value, exponent): mantissa
MANTISSAS = {
    ("+3.14", -3): 3140,
    ("-0.02", -2): -2,
    ("+21.5", 0): 22,
    ("+0.0005", -3): 1,
    ("+0.00049", -3): 0,
    ("-0.0015", -3): -2,
    ("+29.272", -3): 29272,
    ("+7", -2): 700,
    ("+.5", -1): 5,
}

# name: (what comes back try by try, the answer or the reason, silent, broken)
LINES = {
    "clean": ([b"0+3.14OqZ\r\n"], "0+3.14", 0, 0),
    "echo of break and command": ([b"\x000D0!0+3.14OqZ\r\n"], "0+3.14", 0, 0),
    "silent at first": ([b"", b"", b"0+3.14OqZ\r\n"], "0+3.14", 2, 0),
    "silent until the third break": ([b""] * 6 + [b"0+3.14OqZ\r\n"], "0+3.14", 6, 0),
    "wrong CRC": ([b"0+3.15OqZ\r\n", b"0+3.14OqZ\r\n"], "0+3.14", 0, 1),
    "no CRC": ([b"0+3.14\r\n", b"0+3.14OqZ\r\n"], "0+3.14", 0, 1),
    "cut short": ([b"0+3.14Oq", b"0+3.14OqZ\r\n"], "0+3.14", 0, 1),
    "another sensor": ([b"1+3.14OqZ\r\n", b"0+3.14OqZ\r\n"], "0+3.14", 0, 1),
    "without end": ([b"0" * 300, b"0+3.14OqZ\r\n"], "0+3.14", 0, 1),
    "never": ([b""] * 9, "silent", 9, 0),
    "always broken": ([b"0+3.15OqZ\r\n"] * 9, "broken", 0, 9),
    "echo only": ([b"0D0!"] * 9, "silent", 9, 0),
}


def line(answers, kind=Line):
    left = list(answers)
    written = []
    faults = Faults()

    def answer(command):
        written.append(command)
        return left.pop(0) if left else b""

    board = AnsweringBoard(answer)
    return board, kind(board, board.open_serial(1, 1200), faults), written, faults


def test_the_crc_is_that_of_the_standard():
    for text, crc in sorted(CRCS.items()):
        assert crc_characters(text) == crc, text


def test_values_are_split_at_their_signs_and_nothing_else_is_a_value():
    for text, values in sorted(VALUES.items()):
        assert split_values(text) == values, text
    for text in NO_VALUES:
        raises(ValueError, split_values, text)


def test_mantissas_are_rounded_to_the_nearest():
    for (value, exponent), mantissa in sorted(MANTISSAS.items()):
        assert mantissa_of(value, exponent) == mantissa, (value, exponent)


def test_a_right_answer_is_found_on_a_bad_line_and_a_bad_one_never_taken():
    for name, (answers, expected, silent, broken) in sorted(LINES.items()):
        _, asked, written, faults = line(answers)
        if expected in ("silent", "broken"):
            failure = raises(NoAnswer, asked.ask, "0D0!", None, True)
            assert failure.reason == expected, name
        else:
            assert asked.ask("0D0!", None, True) == expected, name
        assert (faults.silent, faults.broken) == (silent, broken), (name, faults.silent, faults.broken)
        assert written == [b"0D0!"] * (silent + broken + (expected == "0+3.14")), name


def test_one_wrong_bit_anywhere_in_an_answer_is_noticed():
    answer = b"0+3.14OqZ\r\n"
    for place in range(len(answer) - 2):
        for bit in range(7):
            spoilt = bytearray(answer)
            spoilt[place] ^= 1 << bit
            _, asked, _, _ = line([bytes(spoilt)] * 9)
            raises(NoAnswer, asked.ask, "0D0!", None, True)


def test_an_identification_is_taken_apart():
    _, recorder, _, _ = line([b"014VEGA    PSC 2100143210123\r\n"], Recorder)
    assert recorder.identify("0") == ("14", "VEGA", "PSC 21", "001", "43210123")


def test_fewer_values_than_were_promised_are_not_taken():
    answers = [b"00003\r\n", b"0+1+2" + crc_characters("0+1+2").encode() + b"\r\n", b"0AP@\r\n"] * 2
    _, recorder, written, _ = line(answers, Recorder)
    assert raises(NoAnswer, recorder.measure, "0").reason == "aborted"
    assert written == [b"0MC!", b"0D0!", b"0D1!"] * 2


def test_transparent_mode_passes_commands_on_and_shows_what_comes_back():
    answers = [b"014VEGA    PSC 2100143210123\r\n", b""]
    board, _, written, _ = line(answers)
    typed = ["0I!", "9!", ""]
    shown = []
    console.talk(board, 1, power_switch=1, ask=lambda prompt: typed.pop(0), say=shown.append)
    assert shown == ["014VEGA    PSC 2100143210123", "no answer"]
    assert written == [b"0I!", b"9!"]
    assert board.powered == set()
