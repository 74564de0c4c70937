"""The simulated instruments on a bus: what a real one would not answer, these do not answer either."""

import pytest

from firmware.virtual.sensors import INSTRUMENTS
from firmware.virtual.sensors.modbus_slave import frame_check
from firmware.virtual.sensors.sdi12_encoding import crc_characters, even, plain

CHARACTER_MS = 10_000 / 1200
BREAK_ENDS_MS = 1015.0
PLS = {"kind": "ott-pls", "sdi12_address": "0", "stage_at_zero_m": 0.0}
KELLER = {"kind": "keller-30", "modbus_address": 1, "stage_at_zero_m": 0.0, "barometer": "vented"}


def powered(sensor):
    instrument = INSTRUMENTS[sensor["kind"]](sensor, lambda at_ms: 1.5)
    instrument.set_power(True, 0)
    return instrument


def said(instrument):
    """Return (when its first byte was whole, all that it says)."""
    first_ms = at_ms = instrument.next_output_ms(0)
    data = b""
    while at_ms is not None:
        data += instrument.output(at_ms)
        at_ms = instrument.next_output_ms(at_ms)
    return first_ms, data


def send(instrument, command, at_ms):
    """Send an SDI-12 command; return (when the first character of the answer was whole, the answer)."""
    instrument.receive(even(command), at_ms, at_ms + len(command) * CHARACTER_MS)
    first_ms, data = said(instrument)
    return first_ms, plain(data)


@pytest.fixture
def awake():
    """Return an SDI-12 sensor that has just heard a break of 15 ms."""
    sensor = powered(PLS)
    sensor.receive_break(1000.0, BREAK_ENDS_MS)
    return sensor


def test_an_awake_sensor_answers_between_8_and_15_ms_after_the_command(awake):
    first_ms, data = send(awake, "0!", BREAK_ENDS_MS + 9)
    assert data == "0\r\n"
    waited_ms = first_ms - (BREAK_ENDS_MS + 9 + 2 * CHARACTER_MS) - CHARACTER_MS
    assert 8.33 <= waited_ms <= 15
    assert awake.violations == []


def test_without_a_break_a_sensor_sleeps():
    assert send(powered(PLS), "0!", 1000.0) == (None, "")


def test_a_break_of_less_than_12_ms_wakes_nobody_and_is_noted():
    sensor = powered(PLS)
    sensor.receive_break(1000.0, 1010.8)
    assert send(sensor, "0!", 1020.0) == (None, "")
    assert sensor.violations == ["a break of 10.8 ms"]


@pytest.mark.parametrize(
    ("after_ms", "noted"),
    [(5.0, "5.0 ms of mark after a break"), (101.0, "a command after 101.0 ms of mark")],
)
def test_a_command_too_soon_or_too_late_after_the_break_is_not_answered_and_noted(awake, after_ms, noted):
    assert send(awake, "0!", BREAK_ENDS_MS + after_ms) == (None, "")
    assert awake.violations == [noted]


def test_a_command_to_another_sensor_sends_this_one_to_sleep(awake):
    assert send(awake, "1!", BREAK_ENDS_MS + 9) == (None, "")
    assert send(awake, "0!", BREAK_ENDS_MS + 60) == (None, "")
    assert awake.violations == []


@pytest.mark.parametrize(
    "command",
    ["0X1!", "0M0!", "0D!", "0D10!", "0DB!", "0DB01!", "0DB1000!", "0HBC!", "0RC!", "0IX!", "0IR0!", "0I M!", "0M1"],
)
def test_what_is_no_command_is_not_answered(awake, command):
    assert send(awake, command, BREAK_ENDS_MS + 9) == (None, "")


def test_a_command_with_a_wrong_parity_is_not_answered(awake):
    awake.receive(b"\xb0!", BREAK_ENDS_MS + 9, BREAK_ENDS_MS + 9 + 2 * CHARACTER_MS)
    assert said(awake) == (None, b"")


def test_a_sensor_with_a_new_address_is_deaf_for_a_second(awake):
    send(awake, "0A7!", BREAK_ENDS_MS + 9)
    awake.receive_break(2000.0, 2015.0)
    assert send(awake, "7!", 2024.0) == (None, "")
    awake.receive_break(3000.0, 3015.0)
    assert send(awake, "7!", 3024.0)[1] == "7\r\n"


def test_a_break_ends_a_measurement_that_has_the_line_to_itself_and_not_a_concurrent_one():
    for command, values in (("0MC!", "0"), ("0CC!", "0+1.500+7.25"), ("0HA!", "0+1.500+7.25")):
        sensor = powered(PLS)
        sensor.receive_break(1000.0, BREAK_ENDS_MS)
        sensor.receive(even(command), BREAK_ENDS_MS + 9, BREAK_ENDS_MS + 9 + len(command) * CHARACTER_MS)
        sensor.output(sensor.next_output_ms(0))
        sensor.receive_break(2000.0, 2015.0)
        said(sensor)
        sensor.receive_break(9000.0, 9015.0)
        _, data = send(sensor, "0D0!", 9024.0)
        assert data == values + crc_characters(values) + "\r\n"


def request(address=1, function=3, first=0x0100, count=4):
    frame = bytes((address, function)) + first.to_bytes(2) + count.to_bytes(2)
    return frame + frame_check(frame)


def test_a_slave_answers_a_whole_request_with_its_registers():
    slave = powered(KELLER)
    slave.receive(request(), 1000.0, 1009.0)
    _, data = said(slave)
    assert data[:3] == bytes((1, 3, 8)) and frame_check(data[:-2]) == data[-2:]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(request(address=2), id="another address"),
        pytest.param(request()[:-1] + b"\x00", id="wrong CRC"),
        pytest.param(request()[:-1], id="a byte short"),
        pytest.param(request() + b"\x00", id="a byte long"),
        pytest.param(b"\x80" * 8, id="garbage"),
    ],
)
def test_a_slave_says_nothing_to_what_is_no_request_of_its_own(frame):
    slave = powered(KELLER)
    slave.receive(frame, 1000.0, 1009.0)
    assert said(slave) == (None, b"")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        pytest.param(request(function=4), b"\x01\x84\x01", id="a function it has not"),
        pytest.param(request(first=0x0300), b"\x01\x83\x02", id="a register it has not"),
        pytest.param(request(count=5), b"\x01\x83\x03", id="more than it gives at once"),
    ],
)
def test_a_slave_refuses_what_it_cannot_give(asked, error):
    slave = powered(KELLER)
    slave.receive(asked, 1000.0, 1009.0)
    assert said(slave)[1] == error + frame_check(error)


def test_a_request_that_follows_other_bytes_without_a_silence_is_part_of_their_frame():
    slave = powered(KELLER)
    slave.receive(b"\x55", 998.0, 999.0)
    slave.receive(request(), 1000.0, 1009.0)
    assert said(slave) == (None, b"")
    slave.receive(request(), 1014.0, 1023.0)
    assert said(slave)[1]


@pytest.mark.parametrize("sensor", [PLS, KELLER], ids=lambda sensor: sensor["kind"])
def test_without_power_an_instrument_is_silent(sensor):
    instrument = powered(sensor)
    instrument.set_power(False, 500)
    instrument.receive_break(1000.0, BREAK_ENDS_MS)
    instrument.receive(request() if sensor is KELLER else b"0!", 1024.0, 1040.0)
    assert said(instrument) == (None, b"")


def test_a_fault_that_an_instrument_does_not_have_is_refused():
    with pytest.raises(ValueError, match="expected one of silent"):
        powered(KELLER).fail("late-request")
