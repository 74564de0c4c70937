# Shared dialect: runs on MicroPython, and on CPython.
"""SDI-12: CRC, values and packets as the standard prints them, and answers on a line that spoils what it can."""

import struct

from firmware.station.sdi12 import console
from firmware.station.sdi12.crc import crc16, crc_characters
from firmware.station.sdi12.full_recorder import FullRecorder
from firmware.station.sdi12.line import Line, NoAnswer
from firmware.station.sdi12.packets import PacketAnswer
from firmware.station.sdi12.parity import with_parity, without_parity
from firmware.station.sdi12.recorder import Recorder
from firmware.station.sdi12.text import TextAnswer
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

# Standard version 1.4, section 5.2.2, table 18: the packet and its values.
PACKETS = {
    "310400 03 FFFF0100 C2AC": [-1, 1],
    "310800 09 C3F548400000803F 3B6E": [3.140000104904175, 1.0],
    "310000 00 0EFC": [],
}
# Section 5.2.1, table 16: type, struct's letter for a value, and its lowest and highest.
VALUE_TYPES = (
    (1, "b", -(2**7), 2**7 - 1),
    (2, "B", 0, 2**8 - 1),
    (3, "h", -(2**15), 2**15 - 1),
    (4, "H", 0, 2**16 - 1),
    (5, "i", -(2**31), 2**31 - 1),
    (6, "I", 0, 2**32 - 1),
    (7, "q", -(2**63), 2**63 - 1),
    (8, "Q", 0, 2**64 - 1),
    (9, "f", -(2.0**100), 0.375),
    (10, "d", -(2.0**1000), 0.1),
)

# name: (what comes back try by try, the answer or the reason, silent, broken)
LINES = {
    "clean": ([b"0+3.14OqZ\r\n"], "0+3.14", 0, 0),
    "echo of break and command": ([b"\x000D0!0+3.14OqZ\r\n"], "0+3.14", 0, 0),
    "wrong parity": ([b"0+3.14OqZ\r\x8a", b"0+3.14OqZ\r\n"], "0+3.14", 0, 1),
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


def even(characters):
    """Return the bytes with their parity, but for those that have their highest bit set already."""
    return b"".join(bytes([byte]) if byte & 0x80 else with_parity(chr(byte)) for byte in characters)


def packet(address, value_type, payload):
    data = address.encode() + struct.pack("<HB", len(payload), value_type) + payload
    return data + struct.pack("<H", crc16(data))


def line(answers, kind=Line):
    """Return (board, what talks on its line, the commands written, faults); answers are bytes without parity."""
    return raw_line([even(answer) for answer in answers], kind)


def raw_line(answers, kind=Line):
    left = list(answers)
    written = []
    faults = Faults()

    def answer(command):
        written.append(without_parity(command).encode())
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
            failure = raises(NoAnswer, asked.ask, "0D0!", TextAnswer("0", with_crc=True))
            assert failure.reason == expected, name
        else:
            assert asked.ask("0D0!", TextAnswer("0", with_crc=True)) == expected, name
        assert (faults.silent, faults.broken) == (silent, broken), (name, faults.silent, faults.broken)
        assert written == [b"0D0!"] * (silent + broken + (expected == "0+3.14")), name


def test_one_wrong_bit_anywhere_in_an_answer_is_noticed_with_and_without_a_crc():
    for answer, form in ((b"0+3.14OqZ\r\n", TextAnswer("0", with_crc=True)), (b"00023\r\n", TextAnswer("0"))):
        for place in range(len(answer)):
            for bit in range(8):
                spoilt = bytearray(even(answer))
                spoilt[place] ^= 1 << bit
                assert form.read(spoilt) is None, (answer, place, bit)


def test_a_parity_is_even_over_eight_bits():
    assert with_parity("0!1\r\n\x7f") == b"\x30\x21\xb1\x8d\x0a\xff"
    assert without_parity(b"\x30\x21\xb1\x8d\x0a\xff") == "0!1\r\n\x7f"
    assert without_parity(b"\x30\xa1") is None


def test_packets_are_read_as_the_standard_prints_them():
    for text, values in sorted(PACKETS.items()):
        assert PacketAnswer("1").read(bytes.fromhex(text.replace(" ", ""))) == values, text


def test_values_of_each_type_are_read_to_their_limits():
    for value_type, letter, lowest, highest in VALUE_TYPES:
        payload = struct.pack("<3" + letter, lowest, 0, highest)
        assert PacketAnswer("0").read(packet("0", value_type, payload)) == [lowest, 0, highest], value_type


def test_a_part_of_a_packet_is_not_whole_and_nothing_in_it_is_read():
    form = PacketAnswer("0")
    whole = packet("0", 2, bytes(range(20)))
    for count in range(len(whole)):
        assert not form.is_whole(whole[:count]) and form.read(whole[:count]) is None, count
    assert form.is_whole(whole)


def test_one_wrong_bit_anywhere_in_a_packet_is_noticed():
    whole = packet("0", 4, bytes(range(20)))
    for place in range(len(whole)):
        for bit in range(8):
            spoilt = bytearray(whole)
            spoilt[place] ^= 1 << bit
            assert PacketAnswer("0").read(spoilt) is None, (place, bit)


def test_a_packet_that_is_not_as_the_standard_has_it_is_not_taken_though_its_crc_fits():
    for name, whole in (
        ("of another sensor", packet("1", 3, bytes(4))),
        ("of a type that does not exist", packet("0", 11, bytes(8))),
        ("empty but with a payload", packet("0", 0, bytes(8))),
        ("of a type but empty", packet("0", 3, b"")),
        ("with half a value", packet("0", 3, bytes(3))),
        ("with a byte after it", packet("0", 3, bytes(4)) + b"0"),
    ):
        assert PacketAnswer("0").read(whole) is None, name


def test_a_packet_holds_1000_bytes_and_no_more():
    assert len(PacketAnswer("0").read(packet("0", 2, bytes(1000)))) == 1000
    assert PacketAnswer("0").read(packet("0", 2, bytes(1001))) is None


def test_the_echo_of_a_command_is_no_part_of_a_packet():
    _, recorder, written, faults = raw_line(
        [even(b"0000001\r\n"), b"\x00" + even(b"0DB0!") + packet("0", 1, b"\x05")], FullRecorder
    )
    assert recorder.measure_in_packets("0") == [5]
    assert written == [b"0HB!", b"0DB0!"]
    assert faults.broken == 0


def test_an_identification_is_taken_apart():
    _, recorder, _, _ = line([b"014VEGA    PSC 2100143210123\r\n"], Recorder)
    assert recorder.identify("0") == ("14", "VEGA", "PSC 21", "001", "43210123")


def test_fewer_values_than_were_promised_are_not_taken():
    answers = [b"00003\r\n", b"0+1+2" + crc_characters("0+1+2").encode() + b"\r\n", b"0AP@\r\n"] * 2
    _, recorder, written, _ = line(answers, Recorder)
    assert raises(NoAnswer, recorder.measure, "0").reason == "aborted"
    assert written == [b"0MC!", b"0D0!", b"0D1!"] * 2


def test_transparent_mode_passes_commands_on_and_shows_what_comes_back():
    answers = [
        even(b"014VEGA    PSC 2100143210123\r\n"),
        b"",
        bytes.fromhex("310400 03 FFFF0100 C2AC".replace(" ", "")),
    ]
    board, _, written, _ = raw_line(answers)
    typed = ["0I!", "9!", "1DB0!", ""]
    shown = []
    console.talk(board, 1, power_switch=1, ask=lambda prompt: typed.pop(0), say=shown.append)
    assert shown == ["014VEGA    PSC 2100143210123", "no answer", "31 04 00 03 ff ff 01 00 c2 ac"]
    assert written == [b"0I!", b"9!", b"1DB0!"]
    assert board.powered == set()
