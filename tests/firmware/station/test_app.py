# Shared dialect: runs on MicroPython, and on CPython.
"""Whole wakes of the station without a network: what is recorded, when, and what happens when parts fail."""

import json

from firmware.station import app
from firmware.station.hal import WATCHDOG, HardwareError
from firmware.station.queue import Queue
from protocol.quality import GOOD, HOLDOVER, NO_READING, SENSOR_ERROR, STATION_OFF, UNSYNCHRONISED
from tests.fakes.board import FakeBoard, Reset, Slept
from tests.fakes.nor_flash import NorFlash, PowerCut
from tests.firmware.station.expecting import new_folder

START_MS = 1_535_587_200_000  # 2018-08-30T00:00Z, a due instant
QUARTER_MS = 900_000
GOOD_VALUES = [(1234, GOOD), (3266, GOOD), (7, GOOD), (1261, GOOD)]


def configuration(port=1883, **changes):
    table = {
        "configuration_no": 1,
        "basin": "syr-darya",
        "station": "uchkurgan",
        "key_id": "uchkurgan-1",
        "broker": {"host": "127.0.0.1", "port": port},
        "sampling": {"record_every_s": 900, "send_every_s": 900},
        "sensors": [
            {
                "sensor_no": 1,
                "kind": "maxbotix-hrxl",
                "port": 1,
                "power_switch": 1,
                "burst": 7,
                "zero_distance_m": 4.5,
            }
        ],
    }
    table.update(changes)
    return table


def folder(table=None):
    root = new_folder("station")
    with open(root + "/station.json", "w") as file:
        json.dump(table or configuration(), file)
    with open(root + "/key.bin", "wb") as file:
        file.write(bytes(32))
    return root


def frames(board):
    """A sensor that was just switched on: banner, one range cycle without a target, then 1234 mm."""
    ready_ms = board.now_ms + 250
    first = [(ready_ms - 131, b"HRXL-MaxSonar-WR\rPN:MB7360\r"), (ready_ms, b"R5000\r")]
    return first + [(ready_ms + 133 * (index + 1), b"R1234\r") for index in range(30)]


def station(utc_ms=START_MS - 5000, line=frames, flash=None):
    board = FakeBoard(utc_ms, flash)
    board.lines[1] = line
    return board


def run(board, root, wakes=1):
    """Run wakes, each followed by its deep sleep."""
    for _ in range(wakes):
        try:
            app.run(board, root)
        except Slept:
            board.wake()
        except Reset:
            continue


def records(board):
    queue = Queue(board.flash, 1, [])
    queue.mount(board.random_bytes)
    return [record for _, _, record in queue._ring.walk((0, 0))]


def instants(board):
    return [(record.utc_ms - START_MS) // QUARTER_MS for record in records(board)]


def black_box(root):
    try:
        with open(root + "/blackbox.txt") as file:
            return file.read()
    except OSError:
        return ""


def test_every_quarter_hour_is_recorded_at_its_instant():
    board, root = station(), folder()
    run(board, root, 13)
    assert instants(board) == list(range(12))
    assert all(record.utc_ms % QUARTER_MS == 0 for record in records(board))
    assert all(record.values == GOOD_VALUES for record in records(board))


def test_a_station_that_starts_at_the_instant_still_records_it():
    board = station(utc_ms=START_MS)
    run(board, folder(), 2)
    assert instants(board) == [0, 1]


def test_a_sleep_that_ends_early_or_late_moves_no_instant():
    board, root = station(), folder()
    run(board, root)
    for drift_ms in (-60_000, -900, 300, 15_000, -2000, 0):
        board.now_ms += drift_ms
        run(board, root, 2)  # woken too early, it goes back to sleep until the instant
    assert all(record.utc_ms % QUARTER_MS == 0 for record in records(board))
    assert instants(board) == list(range(len(records(board))))


def test_without_a_clock_it_measures_at_once_and_goes_on():
    board = station(utc_ms=None)
    run(board, folder(), 3)
    assert [record.utc_ms for record in records(board)] == [None, None, None]
    assert [record.monotonic_ms for record in records(board)] == [0, QUARTER_MS, 2 * QUARTER_MS]


def test_a_clock_set_back_loses_no_record_and_doubles_none():
    board, root = station(), folder()
    run(board, root, 5)
    board.utc_offset_ms -= 2 * QUARTER_MS
    run(board, root, 6)
    dated = [record.utc_ms for record in records(board)]
    assert dated == sorted(set(dated))
    assert len(records(board)) == 4 + 6
    assert [record.clock_quality for record in records(board)] == [HOLDOVER] * 4 + [UNSYNCHRONISED] * 2 + [HOLDOVER] * 4


def test_instants_missed_without_power_are_recorded_as_nulls_with_the_reason():
    board, root = station(), folder()
    run(board, root, 3)
    board.power_cycle(off_ms=3 * QUARTER_MS)
    run(board, root)
    assert instants(board) == list(range(6))
    off = [record.values for record in records(board)][2:5]
    assert off == [[(None, STATION_OFF)] * 4] * 3
    assert records(board)[5].values == GOOD_VALUES


def test_a_new_configuration_explains_nothing_of_the_old_one():
    board, root = station(), folder()
    run(board, root, 2)
    other = folder(configuration(configuration_no=2, sampling={"record_every_s": 60, "send_every_s": 60}))
    board.power_cycle(off_ms=600_000)
    run(board, other, 2)
    assert all(value[0] is not None for record in records(board) for value in record.values)


def test_a_dead_sensor_costs_its_values_and_not_the_record():
    def dead(board):
        raise HardwareError("no-port")

    for name, line, reason in (("silent", lambda board: [], NO_READING), ("no port", dead, SENSOR_ERROR)):
        board, root = station(line=line), folder()
        run(board, root, 3)
        assert instants(board) == [0, 1], name
        assert records(board)[0].values[0] == (None, reason), name
        assert records(board)[0].values[3] == (1261, GOOD), name
    assert "no-port" in black_box(root)


def test_a_board_without_a_battery_reading_says_so():
    board = station()
    board.battery = None
    run(board, folder(), 2)
    assert records(board)[0].values[3] == (None, NO_READING)


def test_measuring_never_waits_for_the_network():
    board, root = station(), folder()
    run(board, root, 10)
    assert 3 <= board.link_attempts <= 6, "less and less often"
    assert instants(board) == list(range(9))
    assert black_box(root).count("no-network") == 1, "said once, not at every wake"


def test_a_failing_flash_is_noted_with_its_traceback_and_the_station_sleeps_on():
    class Broken(NorFlash):
        is_broken = False

        def program(self, offset, data):
            if self.is_broken:
                raise OSError(5)
            NorFlash.program(self, offset, data)

    board, root = station(flash=Broken()), folder()
    run(board, root, 2)
    board.flash.is_broken = True
    wakes = []
    for _ in range(3):
        run(board, root)
        wakes.append(board.now_ms // QUARTER_MS)
    assert wakes == [2, 3, 4], "one wake for each instant, not one after the other without end"
    assert "Traceback" in black_box(root) and "measure" in black_box(root)
    board.flash.is_broken = False
    run(board, root, 2)
    assert instants(board) == [0, 1, 2, 3, 4, 5]
    assert [record.values[0] for record in records(board)][1:4] == [(None, STATION_OFF)] * 3


def test_a_missing_configuration_is_noted_and_tried_again_later():
    board = station()
    root = new_folder("empty")
    run(board, root)
    assert "station.json" in black_box(root)
    assert board.now_ms == app.FAILED_START_SLEEP_MS


def test_the_black_box_is_bounded_and_keeps_the_last():
    root = new_folder("blackbox")
    from firmware.station.blackbox import FILE_BYTES, BlackBox

    box = BlackBox(station(), root)
    for index in range(500):
        box.note("test", f"entry {index} " + "x" * 100)
    with open(root + "/blackbox.old") as file:
        older = file.read()
    assert len(black_box(root)) <= FILE_BYTES and len(older) <= FILE_BYTES
    assert "entry 499 " in black_box(root)


def test_a_wake_reads_little_of_the_flash():
    class Counting(NorFlash):
        reads = 0

        def read_into(self, offset, buffer):
            self.reads += 1
            NorFlash.read_into(self, offset, buffer)

    board, root = station(flash=Counting(block_count=128)), folder()
    run(board, root, 2)
    board.flash.reads = 0
    run(board, root)
    assert board.flash.reads <= 20, board.flash.reads


def test_a_watchdog_reset_begins_a_new_boot_so_that_no_message_number_comes_again():
    board, root = station(), folder()
    run(board, root, 2)
    board.cause = WATCHDOG
    run(board, root, 2)
    assert [record.boot_no for record in records(board)] == [1, 2, 2][: len(records(board))]


def test_a_power_cut_at_any_flash_operation_of_a_wake_leaves_every_instant_explained():
    cut_at = 0
    cuts = 0
    while True:
        cut_at += 1
        board, root = station(), folder()
        run(board, root, 2)
        board.flash.cut_at = cut_at
        try:
            run(board, root, 2)
            break
        except PowerCut:
            cuts += 1
        board.flash.cut_at = 0
        board.power_cycle(off_ms=40_000)
        run(board, root, 3)
        assert instants(board) == list(range(len(records(board)))), cut_at
        for record in records(board):
            is_off = all(value == (None, STATION_OFF) for value in record.values)
            assert is_off or record.values == GOOD_VALUES, cut_at
    assert cuts >= 2
