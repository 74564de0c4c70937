# Shared dialect: runs on MicroPython, and on CPython.
"""One measurement of all that a station has."""

import sys

import firmware.station.sdi12.recorder  # noqa: F401
from firmware.station.blackbox import BlackBox
from firmware.station.sampler import Sampler
from firmware.station.sensors.maxbotix import FRAME_PERIOD_MS, WARM_UP_MS
from protocol.quality import GOOD, SENSOR_ERROR
from tests.fakes.board import FakeBoard
from tests.firmware.station.expecting import new_folder
from tests.firmware.station.test_maxbotix import settings

DUE_MS = 20_000
SPAN_MS = 7 * FRAME_PERIOD_MS


def endless(range_mm, opened):
    """A line with frames of one range from when it is opened, which is noted."""

    def arrivals(board):
        opened.append(board.now_ms)
        first_ms = board.now_ms + 30
        return [(first_ms + index * FRAME_PERIOD_MS, f"R{range_mm}\r".encode()) for index in range(60)]

    return arrivals


def two_sensors(board):
    second = settings()
    second.sensor_no = 2
    second.port = second.power_switch = 2
    return Sampler(board, [settings(), second], BlackBox(board, new_folder("sampler")))


def test_two_sensors_are_read_one_after_the_other_around_the_instant():
    board = FakeBoard(None)
    first, second = [], []
    board.lines = {1: endless(1500, first), 2: endless(2500, second)}
    sampler = two_sensors(board)
    board.now_ms = DUE_MS - sampler.lead_ms()
    values = sampler.measure(DUE_MS)
    assert [value for value, _ in values] == [1500, 3000, 7, 2500, 2000, 7, 1261]
    assert first == [DUE_MS - sampler.lead_ms()], "the lead is just what it takes"
    middle_ms = (first[0] + WARM_UP_MS + second[0] + WARM_UP_MS + SPAN_MS) // 2
    assert abs(middle_ms - DUE_MS) <= FRAME_PERIOD_MS
    assert second[0] >= first[0] + WARM_UP_MS + SPAN_MS - FRAME_PERIOD_MS


def test_channels_and_values_stay_in_step_when_a_sensor_fails():
    def fail(board):
        raise ValueError("loose wire")

    board = FakeBoard(None)
    board.lines = {1: fail, 2: endless(2500, [])}
    sampler = two_sensors(board)
    values = sampler.measure(DUE_MS)
    assert [channel[0] for channel in sampler.channels()] == [1, 1, 1, 2, 2, 2, 0]
    assert values[:3] == [(None, SENSOR_ERROR)] * 3
    assert values[3:] == [(2500, GOOD), (2000, GOOD), (7, GOOD), (1261, GOOD)]


def test_a_station_without_sensors_still_records_its_battery():
    board = FakeBoard(None)
    sampler = Sampler(board, [], BlackBox(board, new_folder("sampler")))
    assert sampler.measure(DUE_MS) == [(1261, GOOD)]
    assert sampler.lead_ms() == 0


def test_what_drivers_loaded_is_let_go_with_them():
    loaded = dict(sys.modules)
    Sampler(FakeBoard(None), [], BlackBox(FakeBoard(None), new_folder("sampler"))).put_away()
    left = [name for name in sys.modules if "station.sensors." in name or "station.sdi12." in name]
    sys.modules.update(loaded)  # other tests hold objects of these modules
    assert left == []
