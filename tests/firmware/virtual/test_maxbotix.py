"""The simulated MaxBotix HRXL against its data sheet."""

import pytest

from firmware.virtual.sensors import INSTRUMENTS


def outputs(kind, mounting_height_m, stage_m, count):
    """Return the first outputs after power-up as (ms since power-up, bytes)."""
    sensor = INSTRUMENTS[kind]({"zero_distance_m": mounting_height_m}, lambda at_ms: stage_m)
    sensor.set_power(True, 1000)
    said, at_ms = [], 1000
    for _ in range(count):
        at_ms = sensor.next_output_ms(at_ms)
        said.append((at_ms - 1000, sensor.output(at_ms)))
    return said


@pytest.mark.parametrize(
    ("kind", "cycle_ms", "part_no", "no_target"),
    [("maxbotix-hrxl", 133, b"PN:MB7360\r", b"R5000\r"), ("maxbotix-hrxl-wrl", 166, b"PN:MB7363\r", b"R9999\r")],
)
def test_after_power_up_come_a_banner_with_letters_r_a_full_scale_reading_and_then_ranges(
    kind, cycle_ms, part_no, no_target
):
    (banner_ms, banner), (first_ms, first), *ranges = outputs(kind, 4.5, 1.234, 6)
    assert banner_ms > 50 and banner.startswith(b"HRXL-MaxSonar-WR\r") and part_no in banner and b"\rRoHS" in banner
    assert first == no_target
    assert [at_ms for at_ms, _ in ranges] == [first_ms + cycle_ms * n for n in (1, 2, 3, 4)]
    assert {data for _, data in ranges} == {b"R3266\r"}


@pytest.mark.parametrize(
    ("kind", "stage_m", "frame"),
    [
        pytest.param("maxbotix-hrxl", 4.4, b"R0300\r", id="5 m: nearer than the minimum"),
        pytest.param("maxbotix-hrxl", -1.0, b"R5000\r", id="5 m: further than it can hear"),
        pytest.param("maxbotix-hrxl", None, b"R5000\r", id="5 m: nothing known of the river"),
        pytest.param("maxbotix-hrxl-wrl", 4.4, b"R0500\r", id="10 m: nearer than the minimum"),
        pytest.param("maxbotix-hrxl-wrl", -3.5, b"R8000\r", id="10 m: further than the other can hear"),
        pytest.param("maxbotix-hrxl-wrl", -9.0, b"R9999\r", id="10 m: further than it can hear"),
    ],
)
def test_limits_are_said_as_the_sensor_says_them(kind, stage_m, frame):
    assert outputs(kind, 4.5, stage_m, 3)[-1][1] == frame


def test_a_stray_byte_comes_before_some_frames():
    frames = [data for _, data in outputs("maxbotix-hrxl", 4.5, 1.0, 40)[1:]]
    assert [number for number, data in enumerate(frames) if data[0] == 0xFF] == [10, 21, 32]
    assert frames[10] == b"\xffR3500\r"


def test_without_power_nothing_comes_and_power_on_again_starts_afresh():
    sensor = INSTRUMENTS["maxbotix-hrxl"]({"zero_distance_m": 4.5}, lambda at_ms: 1.0)
    assert sensor.next_output_ms(0) is None
    sensor.set_power(True, 0)
    sensor.set_power(True, 5000)  # already on: no new banner
    assert sensor.output(sensor.next_output_ms(5000)) == b"R3500\r"
    sensor.set_power(False, 6000)
    assert sensor.next_output_ms(6000) is None
    sensor.set_power(True, 7000)
    assert sensor.output(sensor.next_output_ms(7000)).startswith(b"HRXL")
