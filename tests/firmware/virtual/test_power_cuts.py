"""Power that fails inside a flash operation, and firmware that breaks the rules of NOR flash."""

import pytest

from firmware.virtual.host import StationFailed
from firmware.virtual.host.station import OUTAGE_AFTER_CUT_MS
from tests.firmware.virtual.small_applications import START_MS, read_notes

# Every minute writes the next generation of a file; notes what it found, or that littlefs would not mount.
WRITER = """
import os
from station.notebook import note
def run(board):
    try:
        with open("/generation.txt") as file:
            text = file.read()
    except OSError:
        text = ""
    generation = int(text[:4]) if text else 0
    assert text == ("%04d" % generation) * 300 or not text, "torn: " + text[:40]
    with open("/next.txt", "w") as file:
        file.write(("%04d" % (generation + 1)) * 300)
    os.rename("/next.txt", "/generation.txt")
    board.deep_sleep_until(board.monotonic_ms() + 60000)
"""
RUN_MS = 60_000
BLOCK_BYTES = 4096


def generation_of(station) -> int:
    """Return the generation of the file in the image, as a fresh MicroPython reads it."""
    from firmware.flash import BoardConnection

    station.hold_in_repl()
    with BoardConnection(station.console_port) as board:
        return int(board._board.exec("print(open('/generation.txt').read(4))"))


def test_power_cuts_in_every_flash_operation_of_a_write_leave_the_old_file_or_the_new(bench_of):
    made = bench_of(WRITER)
    made.bench.run_until(START_MS + 3 * RUN_MS)
    before = made.station.flash.operations
    made.bench.run_until(START_MS + 4 * RUN_MS)
    operations_of_a_write = made.station.flash.operations - before
    assert operations_of_a_write > 8
    for operation in range(1, operations_of_a_write + 1):
        made.station.cut_power_at_flash_write(operation)
        made.bench.run_until(made.bench.clock.now_ms() + RUN_MS)
        assert made.station.power_cuts == operation
        made.bench.run_until(made.bench.clock.now_ms() + OUTAGE_AFTER_CUT_MS)
    assert generation_of(made.station) >= operations_of_a_write


def test_files_survive_a_cut_that_left_the_first_block_blank_and_the_newer_in_the_second(bench_of):
    made = bench_of(WRITER)
    for minute in range(1, 200):
        made.bench.run_until(START_MS + minute * RUN_MS - RUN_MS // 2)
        cells = made.station.flash.cells_path.read_bytes()
        first, second = (int.from_bytes(cells[at : at + 4], "little") for at in (0, BLOCK_BYTES))
        if second > first:  # littlefs keeps its root in two blocks, by turns; each begins with its revision
            break
    assert second > first
    with made.station.flash.cells_path.open("r+b") as file:
        file.write(b"\xff" * BLOCK_BYTES)
    before = minute - 1
    made.bench.run_until(START_MS + (minute + 2) * RUN_MS)
    assert generation_of(made.station) > before


@pytest.mark.parametrize(
    "misuse",
    [
        pytest.param('program(0, b"\\x00"); board.queue_flash().program(0, b"\\x01")', id="sets a bit"),
        pytest.param("program(200, bytes(100))", id="crosses a page"),
        pytest.param("erase(128)", id="block outside the region"),
        pytest.param("program(512 * 1024, bytes(1))", id="program outside the region"),
    ],
)
def test_flash_used_against_its_rules_fails_the_station(bench_of, misuse):
    made = bench_of(f"def run(board):\n    board.queue_flash().{misuse}\n")
    with pytest.raises(StationFailed, match="FlashFault"):
        made.bench.run_until(START_MS + 1000)


def test_a_misuse_that_the_firmware_swallows_is_counted_and_still_fails_the_station(bench_of):
    made = bench_of("""
def run(board):
    try:
        board.queue_flash().program(200, bytes(100))
    except Exception:
        pass
    board.deep_sleep_until(1000)
""")
    with pytest.raises(StationFailed, match="broke the rules of NOR flash 1 times"):
        made.bench.run_until(START_MS + 500)


def test_wear_is_counted_per_block(bench_of):
    made = bench_of("""
from station.notebook import note
def run(board):
    for block_no in (3, 3, 5):
        board.queue_flash().erase(block_no)
    board.deep_sleep_until(10**12)
""")
    flash = made.station.flash
    erases_before = flash.erases
    made.bench.run_until(START_MS + 1000)
    first_queue_block = 128
    assert flash.erases - erases_before == 3
    assert [flash.erases_of_block(first_queue_block + n) for n in (3, 4, 5)] == [2, 0, 1]
    assert read_notes(made.station) == []
