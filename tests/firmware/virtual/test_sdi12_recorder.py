"""The SDI-12 recorder against a line that answers only what the SDI-12 standard, version 1.4, allows.

Each check names the sections of the standard that it is about: all were compared with the full text of the edition of
February 20, 2023, of which a public source repository keeps a copy; the bytes of packets also with its example (5.2.2).
"""

import itertools

import pytest

from firmware.virtual.sensors.sdi12_encoding import packet, packets_of
from tests.firmware.virtual.sdi12_lines import PORT_NO, Sdi12Line

PLS = {"kind": "ott-pls", "stage_at_zero_m": 0.0}
RQ30 = {"kind": "sommer-rq30", "stage_at_zero_m": 0.0}
VALUES_OF_PLS = ["+0.500", "+7.25"]  # the river just after the start
INT16, FLOAT32 = 3, 9  # types of values in packets


def sensor(address, **kind):
    return {**kind, "sensor_no": ord(address), "port": PORT_NO, "power_switch": 1, "sdi12_address": address}


@pytest.fixture
def line_of(part, tmp_path):
    """Return make(sensors) -> Sdi12Line; in the end no sensor has anything to complain of."""
    lines = []

    def make(*sensors):
        lines.append(Sdi12Line(part("micropython"), tmp_path, list(sensors)))
        return lines[-1]

    yield make
    for line in lines:
        line.close()
        for instrument in line.sensors.values():
            assert instrument.violations == []


@pytest.fixture
def pls(line_of):
    return line_of(sensor("0", **PLS))


def commands(line, address="0"):
    return [command for command, _ in line.sensors[address].commands]


def test_section_7_0_a_break_lasts_at_least_12_ms_and_a_mark_of_8_33_ms_follows(pls):
    run = pls.run("note(board, attempt(recorder.identify, '0'))")
    assert run.notes == [(("14", "OTT HACH", "PLS", "100", ""),)]
    (break_ms,) = pls.sensors["0"].breaks_ms
    assert break_ms >= 12
    assert (run.silent, run.broken) == (0, 0)


def test_section_7_1_a_command_within_87_ms_needs_no_break_and_a_later_one_has_it(pls):
    pls.run("""
recorder.acknowledge('0')
recorder.acknowledge('0')
board.sleep_until(board.monotonic_ms() + 70)
recorder.acknowledge('0')
board.sleep_until(board.monotonic_ms() + 90)
recorder.acknowledge('0')
""")
    assert commands(pls) == ["0!"] * 4
    assert len(pls.sensors["0"].breaks_ms) == 2


def test_section_7_1_another_sensor_is_addressed_with_a_break(line_of):
    line = line_of(sensor("0", **PLS), sensor("1", **PLS))
    run = line.run("""
for address in '0101':
    note(board, attempt(recorder.acknowledge, address))
""")
    assert run.notes == [(None,)] * 4
    assert (run.silent, run.broken) == (0, 0)
    assert len(line.sensors["0"].breaks_ms) == len(line.sensors["1"].breaks_ms) == 4


def test_section_7_2_a_silent_sensor_is_asked_three_times_without_and_three_times_with_a_break(pls):
    pls.sensors["0"].fail("silent")
    run = pls.run("note(board, attempt(recorder.acknowledge, '0'))")
    assert run.notes == [("silent",)]
    assert commands(pls) == ["0!"] * 9
    assert len(pls.sensors["0"].breaks_ms) == 3
    began_ms = [at_ms for _, at_ms in pls.sensors["0"].commands]
    command_ms = 2 * 10_000 / 1200
    for first, second, third in zip(began_ms[::3], began_ms[1::3], began_ms[2::3], strict=True):
        assert 16.67 <= second - first - command_ms <= 87
        assert 16.67 <= third - second - command_ms <= 87
        assert third - first > 100


def test_section_7_2_a_sensor_that_takes_100_ms_to_wake_is_heard(pls):
    pls.sensors["0"].wakes_in_ms = 99.0
    run = pls.run("note(board, attempt(recorder.acknowledge, '0'))")
    assert run.notes == [(None,)]
    assert len(pls.sensors["0"].breaks_ms) == 1


def test_section_4_1_a_line_of_another_frame_is_not_understood(pls):
    run = pls.run("note(board, attempt(recorder.acknowledge, '0'))", parity=0)
    assert run.notes == [("silent",)]
    assert commands(pls) == []


def test_sections_4_4_3_and_4_4_4_an_address_is_queried_and_changed(pls):
    run = pls.run("""
note(board, recorder.query_address())
recorder.change_address('0', '7')
note(board, recorder.query_address(), attempt(recorder.acknowledge, '0'), attempt(recorder.acknowledge, '7'))
""")
    assert run.notes == [("0",), ("7", "silent", None)]


def test_sections_4_4_5_and_4_4_6_values_are_asked_for_upon_the_service_request(pls):
    run = pls.run("""
began_ms = board.monotonic_ms()
note(board, recorder.measure('0'), board.monotonic_ms() - began_ms)
""")
    ((values, took_ms),) = run.notes
    assert values == VALUES_OF_PLS
    assert commands(pls) == ["0MC!", "0D0!"]
    # It said 2 s, and asked for service 400 ms before that: there is no break between, which would end the measurement.
    assert 1600 < took_ms < 2000
    assert len(pls.sensors["0"].breaks_ms) == 1


@pytest.mark.parametrize("fault", ["no-request", "late-request"])
def test_section_4_4_6_without_a_service_request_in_time_the_values_are_asked_for_all_the_same(pls, fault):
    pls.sensors["0"].fail(fault)
    run = pls.run("note(board, attempt(recorder.measure, '0'))")
    assert run.notes == [(VALUES_OF_PLS,)]
    assert len(pls.sensors["0"].breaks_ms) == 2


def test_section_4_4_7_sensors_measure_at_the_same_time_and_breaks_do_not_end_that(line_of):
    line = line_of(sensor("0", **PLS), sensor("1", **RQ30), sensor("2", **PLS))
    run = line.run("""
began_ms = board.monotonic_ms()
started = [recorder.start_concurrent(address) for address in '012']
note(board, [one.count for one in started], board.monotonic_ms() - began_ms)
for one in started:
    board.sleep_until(one.ready_ms)
    note(board, len(recorder.read_data(one)), board.monotonic_ms() - began_ms)
""")
    (counts, started_ms), (_, first_ms), (_, second_ms), (_, third_ms) = run.notes
    assert counts == [2, 9, 2] and [count for count, _ in run.notes[1:]] == counts
    assert started_ms < 600
    assert first_ms < 3000 and 15_000 < second_ms < third_ms < 16_500
    assert (run.silent, run.broken) == (0, 0)


def test_sections_4_4_8_3_and_7_2_values_come_page_by_page_and_only_a_page_that_fails_is_asked_for_again(line_of):
    line = line_of(sensor("0", **RQ30))
    line.sensors["0"].fail("crc", times=1)
    run = line.run("note(board, attempt(recorder.measure, '0'))")
    (values,) = run.notes[0]
    assert len(values) == 9
    assert commands(line) == ["0MC!", "0D0!", "0D0!", "0D1!"]
    assert (run.silent, run.broken) == (0, 1)


def test_section_4_4_8_a_measurement_that_was_broken_off_is_begun_again(pls):
    pls.sensors["0"].fail("abort", times=1)
    run = pls.run("note(board, attempt(recorder.measure, '0'))")
    assert run.notes == [(VALUES_OF_PLS,)]
    assert commands(pls) == ["0MC!", "0D0!", "0MC!", "0D0!"]


def test_sections_4_4_8_1_and_4_4_9_to_4_4_11_continuous_values_additional_measurements_and_verification(pls):
    run = pls.run("""
note(board, recorder.measure('0', 'M1'))
started = recorder.start_concurrent('0', 'C9')
board.sleep_until(started.ready_ms)
note(board, recorder.read_data(started))
note(board, recorder.verify('0'))
note(board, recorder.read_continuous('0', 3))
""")
    assert [len(values) for (values,) in run.notes] == [2, 2, 2, 2]
    assert commands(pls) == ["0MC1!", "0D0!", "0CC9!", "0D0!", "0V!", "0D0!", "0RC3!"]


def test_section_4_4_12_a_sensor_without_crc_is_asked_without(pls):
    pls.sensors["0"].fail("no-crc")
    run = pls.run("""
note(board, recorder.measure('0'))
note(board, recorder.read_continuous('0'))
""")
    assert [len(values) for (values,) in run.notes] == [2, 2]
    assert [command for command, _ in itertools.groupby(commands(pls))] == [
        "0MC!",
        "0!",
        "0M!",
        "0D0!",
        "0RC0!",
        "0R0!",
    ]


def test_section_4_4_12_values_whose_crc_never_fits_are_not_taken(pls):
    pls.sensors["0"].fail("crc")
    run = pls.run("note(board, attempt(recorder.measure, '0'))")
    assert run.notes == [("broken",)]
    assert commands(pls) == ["0MC!"] + ["0D0!"] * 9


def test_section_5_1_high_volume_values_come_with_a_crc_and_in_any_number(pls):
    pls.sensors["0"].measure = lambda at_ms: [f"{number:+d}" for number in range(300)]
    run = pls.run("""
values = recorder.measure_in_characters('0')
note(board, len(values), values[-1])
""")
    assert run.notes == [(300, "+299")]


def test_section_5_2_values_of_two_types_come_in_packets_of_up_to_1000_bytes(pls):
    counts = list(range(-250, 250))
    levels_m = [number / 8 for number in range(499)]
    packets = packets_of("0", INT16, counts) + packets_of("0", FLOAT32, levels_m)
    pls.sensors["0"].measure_packets = lambda at_ms: (999, packets)
    run = pls.run("""
values = recorder.measure_in_packets('0')
note(board, values[:500] == list(range(-250, 250)), values[500:] == [number / 8 for number in range(499)])
""")
    assert run == ([(True, True)], 0, 0)
    assert commands(pls) == ["0HB!", "0DB0!", "0DB1!", "0DB2!"]


# What comes in the place of a packet: all but the first two have a CRC that fits.
SPOILT_PACKETS = {
    "a bit wrong": lambda whole: whole[:6] + bytes((whole[6] ^ 4,)) + whole[7:],
    "cut short": lambda whole: whole[:-3],
    "of a type that does not exist": lambda whole: packet("0", 11, bytes(8)),
    "of no type but with a payload": lambda whole: packet("0", 0, bytes(8)),
    "of a type but without a payload": lambda whole: packet("0", INT16),
    "half a value at its end": lambda whole: packet("0", INT16, bytes(3)),
    "of another sensor": lambda whole: packet("1", INT16, bytes(4)),
    "longer than 1000 bytes": lambda whole: packet("0", INT16, bytes(1002)),
    "characters": lambda whole: b"0+1\xb2\x8d\n",
}


def test_sections_5_2_and_7_2_only_a_packet_that_is_not_right_is_asked_for_again(pls):
    packets = packets_of("0", INT16, [1, 2]) + packets_of("0", FLOAT32, [0.5])
    pls.sensors["0"].measure_packets = lambda at_ms: (3, packets)
    for spoil in SPOILT_PACKETS.values():
        pls.sensors["0"].packet_spoilers += [lambda whole: whole, spoil, lambda whole: whole]
    run = pls.run(f"""
for _ in range({len(SPOILT_PACKETS)}):
    broken = faults.broken
    note(board, attempt(recorder.measure_in_packets, '0'), faults.broken - broken)
""")
    assert dict(zip(SPOILT_PACKETS, run.notes, strict=True)) == dict.fromkeys(SPOILT_PACKETS, ([1, 2, 0.5], 1))
    assert commands(pls) == ["0HB!", "0DB0!", "0DB1!", "0DB1!"] * len(SPOILT_PACKETS)


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        pytest.param(3, "aborted", id="an empty packet too early"),
        pytest.param(1, "broken", id="more values than were told"),
    ],
)
def test_section_5_2_values_in_packets_are_taken_in_the_number_that_was_told_or_not_at_all(count, reason, pls):
    pls.sensors["0"].measure_packets = lambda at_ms: (count, packets_of("0", INT16, [1, 2]))
    run = pls.run("note(board, attempt(recorder.measure_in_packets, '0'))")
    assert run == ([(reason,)], 0, 0)


def test_section_5_3_sensors_with_much_to_say_measure_at_the_same_time(line_of):
    line = line_of(sensor("0", **PLS), sensor("1", **PLS), sensor("2", **PLS))
    run = line.run("""
characters = recorder.start('0', 'HA', with_crc=True)
packets = recorder.start('1', 'HB')
few = recorder.start_concurrent('2')
board.sleep_until(few.ready_ms)
note(board, recorder.read_data(characters), recorder.read_packets(packets), recorder.read_data(few))
""")
    ((in_characters, in_packets, few),) = run.notes
    assert in_characters == few == VALUES_OF_PLS
    assert in_packets == [0.5, 7.25]
    assert (run.silent, run.broken) == (0, 0)


def test_section_5_4_a_sensor_without_high_volume_measurements_has_no_values(pls):
    pls.sensors["0"].measure_packets = lambda at_ms: (0, [])
    run = pls.run("note(board, recorder.measure_in_packets('0'))")
    assert run.notes == [([],)]
    assert commands(pls) == ["0HB!"]


def test_sections_6_1_and_6_2_metadata_tell_what_each_value_is(pls):
    run = pls.run("""
note(board, [recorder.describe('0', command) for command in ('M', 'CC1', 'V', 'HB')])
note(board, [recorder.describe_value('0', 'M', number) for number in (1, 2)])
note(board, [recorder.describe_value('0', command, 1) for command in ('MC', 'R0', 'RC0', 'HA')])
note(board, attempt(recorder.describe_value, '0', 'M', 3))
""")
    assert run.notes == [([2] * 4,), ([["HG", "m"], ["TW", "C"]],), ([["HG", "m"]] * 4,), ("broken",)]


def test_sections_4_1_and_7_2_an_answer_with_a_wrong_parity_is_asked_for_again(pls):
    pls.sensors["0"].fail("parity", times=1)
    run = pls.run("note(board, recorder.query_address())")
    assert run == ([("0",)], 0, 1)


def test_section_7_2_garbage_on_the_line_is_waited_out_and_asked_again(pls):
    pls.sensors["0"].fail("garbage", times=4)
    run = pls.run("note(board, attempt(recorder.measure, '0'))")
    assert run.notes == [(VALUES_OF_PLS,)]
    assert run.broken == 4
