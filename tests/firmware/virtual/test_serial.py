"""The serial port of a virtual station: every byte comes at its instant of bench time."""

import itertools

from firmware.virtual.host.serial_wire import RECEIVE_BUFFER_BYTES
from tests.firmware.virtual.small_applications import START_MS, read_notes, rising_river

READER = """
from station.notebook import note
def run(board):
    port = board.open_serial(1, {baud})
    board.set_power(1, True)
    buffer = bytearray(48)
    for _ in range({reads}):
        count = port.read_into(buffer, board.monotonic_ms() + 1000)
        note(board, board.monotonic_ms(), bytes(buffer[:count]))
    port.close()
    board.deep_sleep_until(10**12)
"""


def test_each_frame_is_read_at_the_instant_the_sensor_sent_it_and_tells_the_river_of_that_instant(bench_of):
    made = bench_of(READER.format(baud=9600, reads=10))
    made.bench.run_until(START_MS + 60_000)
    river = rising_river()
    banner, banner_rest, no_target, *frames = read_notes(made.station)
    assert (banner[1] + banner_rest[1]).startswith(b"HRXL-MaxSonar-WR\rPN:MB7360\r")
    assert no_target[1] == b"R5000\r"
    for earlier, later in itertools.pairwise(frames):
        assert later[0] - earlier[0] == 133
    for at_ms, data in frames:
        assert data == b"R%04d\r" % round((4.5 - river.stage_m_at(START_MS + at_ms)) * 1000)


def test_an_unplugged_sensor_is_silent_until_the_deadline_and_speaks_again_when_plugged_in(bench_of):
    made = bench_of(READER.format(baud=9600, reads=4))
    made.station.unplug_sensor()
    made.bench.at(START_MS + 2500, made.station.plug_sensor)
    made.bench.run_until(START_MS + 60_000)
    notes = read_notes(made.station)
    assert notes[:2] == [(1000, b""), (2000, b"")]
    assert notes[2][1].startswith(b"R") and 2500 < notes[2][0] < 2500 + 133


def test_the_wrong_speed_brings_garbage(bench_of):
    made = bench_of(READER.format(baud=19200, reads=6))
    made.bench.run_until(START_MS + 60_000)
    data = b"".join(data for _, data in read_notes(made.station))
    assert len(data) > 64
    assert min(data) >= 0x80


def test_a_sensor_without_supply_says_nothing(bench_of):
    made = bench_of(READER.format(baud=9600, reads=1).replace("set_power(1, True)", "set_power(2, True)"))
    made.bench.run_until(START_MS + 60_000)
    assert read_notes(made.station) == [(1000, b"")]


def test_a_late_reader_gets_what_the_receive_buffer_held_and_no_more(bench_of):
    made = bench_of("""
from station.notebook import note
def run(board):
    port = board.open_serial(1, 9600)
    board.set_power(1, True)
    board.sleep_until(600000)
    buffer = bytearray(1000)
    total = 0
    while board.monotonic_ms() == 600000:
        total += port.read_into(buffer, 600001)
    note(board, total)
    board.deep_sleep_until(10**12)
""")
    made.bench.run_until(START_MS + 700_000)
    assert read_notes(made.station) == [(RECEIVE_BUFFER_BYTES,)]


def test_a_port_opened_again_holds_nothing_from_before(bench_of):
    made = bench_of("""
from station.notebook import note
def run(board):
    port = board.open_serial(1, 9600)
    board.set_power(1, True)
    board.sleep_until(3000)
    port.close()
    board.set_power(1, False)
    port = board.open_serial(1, 9600)
    note(board, port.read_into(bytearray(100), 4000), board.monotonic_ms())
    board.deep_sleep_until(10**12)
""")
    made.bench.run_until(START_MS + 60_000)
    assert read_notes(made.station) == [(0, 4000)]


def test_the_same_bench_run_twice_reads_the_same_bytes_at_the_same_instants(bench_of):
    notes = []
    for _ in range(2):
        made = bench_of(READER.format(baud=9600, reads=20))
        made.bench.run_until(START_MS + 60_000)
        notes.append(read_notes(made.station))
        made.station.flash.cells_path.unlink()
    assert notes[0] == notes[1]
