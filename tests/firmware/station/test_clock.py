# Shared dialect: runs on MicroPython, and on CPython.
"""The station's clock over whole wakes: a drifting oscillator, time servers that step, lie or are away, and eras."""

import struct

from firmware.station import app, sntp
from firmware.station.clock import CONFIRM_AFTER_MS, SYNCHRONISE_EVERY_MS
from protocol.quality import HOLDOVER, NOT_DATED, SYNCHRONISED, UNSYNCHRONISED
from tests.fakes.nor_flash import NorFlash, PowerCut
from tests.firmware.station.expecting import raises
from tests.firmware.station.test_app import (
    GOOD_VALUES,
    QUARTER_MS,
    START_MS,
    black_box,
    configuration,
    folder,
    records,
    run,
    station,
)

UNIX_EPOCH_S = 2_208_988_800
DAY = 96  # quarter hours
ERROR_MS = 60  # what a time stamp may be off by: the answer's rounding, and a wake in the middle of a millisecond


class World:
    """True time beside a board whose oscillator runs `drift_ppm` fast, and a time server that says `lie_ms` more."""

    def __init__(self, board, start_ms=START_MS, drift_ppm=0):
        self.board = board
        self.start_ms = start_ms
        self.drift_ppm = drift_ppm
        self.lie_ms = 0
        self.asked = 0
        board.time_server = self.answer

    def utc_at(self, monotonic_ms):
        return self.start_ms + monotonic_ms - monotonic_ms * self.drift_ppm // 1_000_000

    def answer(self, request):
        self.asked += 1
        return answer(request, self.utc_at(self.board.now_ms) + self.lie_ms)

    def errors_ms(self):
        """Return by how much the date of each record is off."""
        return [record.utc_ms - self.utc_at(record.monotonic_ms) for record in records(self.board)]


def answer(request, utc_ms, head=0x24, stratum=2):
    seconds = utc_ms // 1000 + UNIX_EPOCH_S
    stamp = struct.pack(">II", seconds % (1 << 32), (utc_ms % 1000 * (1 << 32) + 999) // 1000)
    return bytes((head, stratum)) + bytes(22) + request[40:48] + stamp + stamp


def with_server():
    return folder(configuration(time_server={"host": "time.example", "port": 123}))


def unset_station(**world):
    board = station(utc_ms=None)
    return board, World(board, **world), with_server()


def assert_rising(board):
    times_ms = [record.utc_ms for record in records(board) if record.utc_ms is not None]
    assert times_ms == sorted(set(times_ms))


def test_a_station_that_starts_without_a_clock_dates_its_first_record_and_then_keeps_the_schedule():
    board, world, root = unset_station(start_ms=START_MS + 123_456)
    run(board, root, 4)
    assert max(abs(error) for error in world.errors_ms()) <= ERROR_MS
    assert [record.utc_ms % QUARTER_MS == 0 for record in records(board)] == [False, True, True, True]
    assert [record.clock_quality for record in records(board)] == [SYNCHRONISED] * 4


def test_the_server_is_asked_now_and_then_and_not_at_every_wake():
    board, world, root = unset_station()
    run(board, root, DAY)
    assert world.asked == 1 + 24 * 3_600_000 // SYNCHRONISE_EVERY_MS  # one more after an hour, to learn the drift


def test_three_days_offline_with_a_bad_oscillator_keep_the_time_within_a_second():
    for drift_ppm in (500, -500):
        board, world, root = unset_station(drift_ppm=drift_ppm)
        run(board, root, DAY)
        board.time_server = None
        run(board, root, 3 * DAY)
        assert max(abs(error) for error in world.errors_ms()[DAY:]) <= 1000, drift_ppm
        assert max(abs(error) for error in world.errors_ms()) <= 2500, (
            drift_ppm
        )  # before it is learned: a little over an hour
        assert len(records(board)) == 4 * DAY, drift_ppm
        assert_rising(board)
        assert records(board)[-1].clock_quality == HOLDOVER
        board.time_server = world.answer
        run(board, root, 8)
        assert records(board)[-1].clock_quality == SYNCHRONISED


def test_three_days_without_a_server_before_the_drift_is_known_shift_the_clock_and_lose_nothing():
    board, world, root = unset_station(drift_ppm=500)
    run(board, root, 1)
    board.time_server = None
    run(board, root, 3 * DAY)
    assert 100_000 < max(abs(error) for error in world.errors_ms()) < 140_000  # 500 ppm of three days: 130 s
    board.time_server = world.answer
    run(board, root, 12)
    assert abs(world.errors_ms()[-1]) <= ERROR_MS
    assert_rising(board)
    scheduled = {record.utc_ms for record in records(board)[1:]}
    assert scheduled == set(range(min(scheduled), max(scheduled) + 1, QUARTER_MS))


def test_the_drift_outlasts_a_power_cut():
    board, world, root = unset_station(drift_ppm=500)
    run(board, root, 2 * DAY)
    world.start_ms = world.utc_at(board.now_ms) + 60_000
    board.power_cycle(off_ms=60_000)
    board.utc_offset_ms = None
    run(board, root, 1)
    board.time_server = None
    before = len(records(board))
    run(board, root, DAY)
    assert max(abs(error) for error in world.errors_ms()[before:]) <= 1000


def test_a_server_that_steps_is_believed_only_when_it_says_so_again():
    for step_ms in (3 * QUARTER_MS, -3 * QUARTER_MS):
        board, world, root = unset_station()
        run(board, root, DAY)
        world.lie_ms = step_ms
        world_asked = world.asked
        while world.asked == world_asked:
            run(board, root)
        assert abs(board.utc_ms() - world.utc_at(board.now_ms)) <= ERROR_MS, "one answer moves nothing"
        world.lie_ms = 0
        run(board, root, 2)
        assert abs(board.utc_ms() - world.utc_at(board.now_ms)) <= ERROR_MS
        assert "to be confirmed" in black_box(root)
        assert [record.values for record in records(board)] == [GOOD_VALUES] * len(records(board))


def test_a_true_step_loses_no_record_and_doubles_none():
    for step_ms in (4 * QUARTER_MS, -4 * QUARTER_MS, 86_400_000, -86_400_000):
        board, world, root = unset_station()
        run(board, root, 30)
        world.lie_ms = step_ms
        before = len(records(board))
        run(board, root, 2 * DAY)
        assert "stepped" in black_box(root), step_ms
        assert_rising(board)
        assert all(record.utc_ms is not None for record in records(board)), step_ms
        measured = [record for record in records(board)[before:] if record.values == GOOD_VALUES]
        assert len(measured) == 2 * DAY, step_ms
        passed_over = [record for record in records(board) if record.values[0] == (None, NOT_DATED)]
        if step_ms > 0:
            times_ms = [record.utc_ms for record in records(board)[1:]]
            assert times_ms == list(range(times_ms[0], times_ms[-1] + 1, QUARTER_MS)), "each instant has its record"
            assert passed_over
        else:
            assert not passed_over


def test_without_any_clock_records_wait_a_day_and_then_go_with_a_guess():
    board, _, root = unset_station()
    board.time_server = None
    run(board, root, DAY - 1)
    assert all(record.utc_ms is None for record in records(board))
    run(board, root, 6)
    dates = [record.utc_ms for record in records(board)]
    guessed = [date for date in dates if date is not None]
    assert guessed and dates[: len(guessed)] == guessed
    assert guessed == list(range(guessed[0], guessed[-1] + 1, QUARTER_MS))
    assert records(board)[0].clock_quality == UNSYNCHRONISED


def test_records_of_a_boot_that_never_knew_the_time_go_with_a_guess_once_the_next_one_does():
    board, world, root = unset_station()
    run(board, root, 3)
    board.time_server = None
    board.power_cycle(off_ms=QUARTER_MS)
    board.utc_offset_ms = None
    run(board, root, 3)
    board.power_cycle(off_ms=QUARTER_MS)
    board.utc_offset_ms = None
    world.start_ms += 20 * QUARTER_MS
    board.time_server = world.answer
    run(board, root, 2)
    assert_rising(board)
    qualities = [record.clock_quality for record in records(board)]
    assert qualities == [SYNCHRONISED] * 3 + [UNSYNCHRONISED] * 3 + [SYNCHRONISED] * 2


def test_a_date_torn_by_a_power_cut_is_finished_after_it():
    cuts = 0
    for cut_at in range(1, 40):
        board, world, root = unset_station(start_ms=START_MS + 77_000)
        board.flash = NorFlash(seed=cut_at)
        server, board.time_server = board.time_server, None
        run(board, root, 6)
        board.time_server = server
        board.flash.cut_at = cut_at
        try:
            run(board, root, 6)
        except PowerCut:
            cuts += 1
        board.flash.cut_at = 0
        true_ms = {record.record_no: world.utc_at(record.monotonic_ms) for record in records(board)}
        board.power_cycle(off_ms=40_000)
        board.utc_offset_ms = None
        world.start_ms = world.utc_at(app.FAILED_START_SLEEP_MS) + 100 * QUARTER_MS
        run(board, root, 2)
        for record in records(board):
            assert record.utc_ms is not None, (cut_at, record.record_no)
            if record.record_no in true_ms and record.clock_quality != UNSYNCHRONISED:
                assert abs(record.utc_ms - true_ms[record.record_no]) <= ERROR_MS, (cut_at, record.record_no)
        assert_rising(board)
    assert cuts >= 6


def test_the_eras_of_2036_and_2038_are_crossed():
    for name, start_ms in (("NTP era", 2_085_978_496_000), ("signed 32-bit", 2_147_483_648_000)):
        board, world, root = unset_station(start_ms=start_ms - 5 * QUARTER_MS)
        run(board, root, DAY)
        assert max(abs(error) for error in world.errors_ms()) <= ERROR_MS, name
        assert len(records(board)) == DAY, name
        assert records(board)[-1].utc_ms > start_ms, name


NONCE = b"12345678"
REQUEST = sntp.encode_request(NONCE)
TRUE_MS = 1_700_000_000_500
WRONG_ANSWERS = {
    "nothing": b"",
    "a client's packet": REQUEST,
    "cut short": answer(REQUEST, TRUE_MS)[:47],
    "to another request": answer(sntp.encode_request(b"87654321"), TRUE_MS),
    "a server without time": answer(REQUEST, TRUE_MS, head=0xE4),
    "a kiss of death": answer(REQUEST, TRUE_MS, stratum=0),
    "stratum 16": answer(REQUEST, TRUE_MS, stratum=16),
    "sent before it was received": answer(REQUEST, TRUE_MS)[:40] + answer(REQUEST, TRUE_MS - 1000)[40:],
}


def test_half_of_the_round_trip_is_added():
    assert sntp.decode_answer(answer(REQUEST, TRUE_MS), NONCE, 80) == TRUE_MS + 40


def test_an_answer_that_took_too_long_is_not_used():
    raises(sntp.BadAnswer, sntp.decode_answer, answer(REQUEST, TRUE_MS), NONCE, 2001)


def test_wrong_answers_are_refused():
    for name, wrong in WRONG_ANSWERS.items():
        try:
            sntp.decode_answer(wrong, NONCE, 80)
        except sntp.BadAnswer:
            continue
        raise AssertionError(name)


def test_a_wrong_answer_does_not_set_the_clock_and_is_noted():
    board, world, root = unset_station()
    board.time_server = lambda request: answer(request, world.utc_at(board.now_ms), stratum=0)
    run(board, root, 2)
    assert board.utc_ms() is None
    assert "has no time" in black_box(root)


def test_a_step_is_asked_about_again_at_the_next_wake():
    assert CONFIRM_AFTER_MS < QUARTER_MS
