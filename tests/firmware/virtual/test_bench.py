"""The bench against small applications in the real MicroPython: sleep, reset causes, memory, failures, pacing."""

import time

import pytest

from firmware.virtual.host import Bench, Clock, StationFailed
from firmware.virtual.host import bench as bench_module
from tests.firmware.virtual.small_applications import START_MS, read_notes, rising_river

QUARTER_HOUR_MS = 900_000

SLEEPER = """
from station.notebook import note
def run(board):
    wakes = (board.rtc_memory() or b"\\x00")[0] + 1
    board.set_rtc_memory(bytes([wakes]))
    note(board, board.utc_ms(), board.monotonic_ms(), board.reset_cause(), wakes)
    board.deep_sleep_until(wakes * 900000)
"""


def test_each_wake_is_a_new_run_at_the_exact_instant_with_only_rtc_memory_kept(bench_of):
    made = bench_of(SLEEPER)
    made.bench.run_until(START_MS + 4 * QUARTER_HOUR_MS)
    power_on, deep_sleep = 1, 2
    expected = [(START_MS, 0, power_on, 1)]
    expected += [(START_MS + n * QUARTER_HOUR_MS, n * QUARTER_HOUR_MS, deep_sleep, n + 1) for n in (1, 2, 3, 4)]
    assert read_notes(made.station) == expected
    assert made.station.wakes == 5


def test_a_power_cut_loses_rtc_memory_and_uptime_but_not_the_battery_backed_clock(bench_of):
    made = bench_of(SLEEPER)
    made.bench.at(START_MS + 1000, lambda: made.station.cut_power(for_ms=5000))
    made.bench.run_until(START_MS + 6000 + QUARTER_HOUR_MS)
    assert read_notes(made.station)[1:] == [
        (START_MS + 6000, 0, 1, 1),
        (START_MS + 6000 + QUARTER_HOUR_MS, QUARTER_HOUR_MS, 2, 2),
    ]


def test_stations_that_wake_at_the_same_instant_all_see_it(bench_of):
    made = bench_of(SLEEPER, stations=3)
    made.bench.run_until(START_MS + 2 * QUARTER_HOUR_MS)
    notes = [read_notes(station) for station in made.stations]
    assert len(notes[0]) == 3
    assert notes[0] == notes[1] == notes[2]


def test_time_stands_still_while_a_station_computes(bench_of):
    made = bench_of("""
from station.notebook import note
def run(board):
    before = board.monotonic_ms()
    sum(range(300000))
    note(board, before, board.monotonic_ms())
    board.sleep_until(1234)
    note(board, board.monotonic_ms())
    board.deep_sleep_until(10**12)
""")
    made.bench.run_until(START_MS + 60_000)
    assert read_notes(made.station) == [(0, 0), (1234,)]


def test_a_clock_that_was_never_set_says_nothing_until_it_is_set(bench_of):
    made = bench_of("""
from station.notebook import note
def run(board):
    note(board, board.utc_ms())
    if board.utc_ms() is None:
        board.set_utc_ms(5000)
    board.deep_sleep_until(board.monotonic_ms() + 1000)
""")
    made.station.utc_offset_ms = None
    made.station.start()
    made.bench.run_until(START_MS + 2500)
    assert read_notes(made.station) == [(None,), (6000,), (7000,)]


def test_an_unfed_watchdog_resets_the_board_and_a_fed_one_does_not(bench_of):
    made = bench_of("""
from station.notebook import note
def run(board):
    note(board, board.monotonic_ms(), board.reset_cause())
    board.feed_watchdog()
    board.sleep_until(board.monotonic_ms() + 50000)
    board.feed_watchdog()
    board.sleep_until(10**9)
""")
    made.bench.run_until(START_MS + 120_000)
    power_on, watchdog = 1, 3
    assert read_notes(made.station) == [(0, power_on), (110_000, watchdog)]


def test_a_crash_of_the_application_is_reported_with_its_traceback(bench_of):
    made = bench_of("def run(board):\n    return 1 // 0\n")
    with pytest.raises(StationFailed, match=r'(?s)station-0: Traceback.*"station.app", line 2.*ZeroDivisionError'):
        made.bench.run_until(START_MS + 1000)


def test_an_application_that_returns_is_reported_since_a_board_would_stand_still(bench_of):
    made = bench_of("def run(board):\n    return\n")
    with pytest.raises(StationFailed, match=r"station-0: /main\.py returned"):
        made.bench.run_until(START_MS + 1000)


def test_a_station_that_was_never_flashed_says_so(part, tmp_path):
    bench = Bench(Clock(START_MS), part("micropython"), tmp_path)
    station = bench.add_station("blank", rising_river(), [])
    station.start()
    with pytest.raises(StationFailed, match="station was not flashed"):
        bench.run_until(START_MS + 1000)
    bench.close()


def test_a_station_that_computes_for_ever_is_found_out(bench_of, monkeypatch):
    monkeypatch.setattr(bench_module, "AWAKE_CAP_S", 0.5)
    made = bench_of("def run(board):\n    while True:\n        pass\n")
    with pytest.raises(StationFailed, match="station-0: computed for"):
        made.bench.run_until(START_MS + 1000)


def test_at_a_given_speed_bench_time_flows_at_that_multiple_of_real_time(bench_of):
    made = bench_of(SLEEPER, speed=3600)
    seen = []
    made.bench.at(START_MS + QUARTER_HOUR_MS, lambda: seen.append(time.monotonic()))
    made.bench.at(START_MS + 5 * QUARTER_HOUR_MS, lambda: seen.append(time.monotonic()))
    made.bench.run_until(START_MS + 5 * QUARTER_HOUR_MS)
    assert 0.9 < seen[1] - seen[0] < 3  # an hour in a second, and what a busy machine adds


def test_a_busy_gateway_holds_the_clock_until_it_is_idle(bench_of):
    busy_until_s = time.monotonic() + 1.0
    made = bench_of(SLEEPER, is_gateway_idle=lambda: time.monotonic() > busy_until_s)
    busy_until_s = time.monotonic() + 0.5
    made.bench.run_until(START_MS + QUARTER_HOUR_MS)
    assert time.monotonic() >= busy_until_s
    assert made.bench.capped_holds == 0


def test_a_gateway_that_is_busy_for_too_long_is_waited_for_no_more_and_that_is_counted(bench_of, monkeypatch):
    monkeypatch.setattr(bench_module, "ANSWER_CAP_S", 0.3)
    made = bench_of(SLEEPER, is_gateway_idle=lambda: False)
    made.bench.run_until(START_MS + 2 * QUARTER_HOUR_MS)
    assert len(read_notes(made.station)) == 3
    assert made.bench.capped_holds == 1


def test_an_action_in_the_past_is_refused(part, tmp_path):
    bench = Bench(Clock(START_MS), part("micropython"), tmp_path)
    with pytest.raises(ValueError, match="1 ms in the past"):
        bench.at(START_MS - 1, lambda: None)
