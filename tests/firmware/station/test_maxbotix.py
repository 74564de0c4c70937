# Shared dialect: runs on MicroPython, and on CPython.
"""MaxBotix range finders: frames out of any bytes, and bursts with their quality."""

from firmware.station.config import SensorSettings
from firmware.station.hal import HardwareError
from firmware.station.sensors import open_sensors
from firmware.station.sensors.maxbotix import FRAME_PERIOD_MS, MODELS, WARM_UP_MS, FrameParser
from firmware.station.sensors.statistics import DEFAULT
from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SENSOR_ERROR, SUSPECT
from tests.fakes.board import FakeBoard
from tests.firmware.station.expecting import raises

BANNER = b"HRXL-MaxSonar-WR\rPN:MB7360\rCopyright 2011-2012\rMaxBotix Inc.\rRoHS 1.8b077  0712\rTempI\r"
CENTRE_MS = 10_000

# name: (bytes, ranges, broken frames)
STREAMS = {
    "one frame": (b"R1234\r", [1234], 0),
    "begins in the middle": (b"34\rR1234\r", [1234], 0),
    "banner": (BANNER + b"R0300\r", [300], 3),
    "stray byte between": (b"\xffR1234\r\xff\xffR1235\r", [1234, 1235], 0),
    "stray byte inside": (b"R12\xff34\r", [1234], 0),
    "breaks off": (b"R12R1234\r", [1234], 1),
    "too few digits": (b"R123\rR1234\r", [1234], 1),
    "too many digits": (b"R12345\rR1234\r", [1234], 1),
    "letters": (b"R12A4\rR1234\r", [1234], 1),
    "no end": (b"R1234", [], 0),
    "line feed for carriage return": (b"R1234\nR1235\r", [1235], 1),
    "zeros": (b"\x00" * 50 + b"R1234\r", [1234], 0),
}

ZERO_DISTANCE_MM = 4500

# name: (frames of the burst, values)
BURSTS = {
    "seven good": ([1500, 1502, 1501, 1499, 1503, 1500, 1501], [(1501, GOOD), (2999, GOOD), (7, GOOD)]),
    "one echo astray": ([1500, 1500, 700, 1500, 1500, 1500, 1500], [(1500, GOOD), (3000, GOOD), (7, GOOD)]),
    "three without target": ([1500, 5000, 1500, 5000, 1500, 5000, 1500], [(1500, GOOD), (3000, GOOD), (4, GOOD)]),
    "even number of valid ones": ([1500, 5000, 1503, 1500, 1503, 1500, 1503], [(1501, GOOD), (2999, GOOD), (6, GOOD)]),
    "most without target": ([1500, 5000, 5000, 5000, 5000, 5000, 1500], [(1500, SUSPECT), (3000, SUSPECT), (2, GOOD)]),
    "no target": ([5000] * 7, [(None, OUT_OF_RANGE), (None, OUT_OF_RANGE), (0, GOOD)]),
    "water too near": ([300] * 7, [(300, SUSPECT), (4200, SUSPECT), (7, GOOD)]),
    "above the gauge zero": ([4600] * 7, [(4600, GOOD), (-100, GOOD), (7, GOOD)]),
}


def settings(kind="maxbotix-hrxl"):
    sensor = SensorSettings()
    sensor.statistics = DEFAULT
    sensor.sensor_no = 1
    sensor.kind = kind
    sensor.port = 1
    sensor.power_switch = 1
    sensor.burst = 7
    sensor.zero_distance_mm = ZERO_DISTANCE_MM
    return sensor


def open_sensor(sensor):
    (driver,) = open_sensors([sensor])
    return driver


def measured(arrivals, kind="maxbotix-hrxl", start_ms=0, statistics=DEFAULT):
    """Return (board, values) of a burst on a line where `arrivals` (offset to the centre, bytes) come."""
    board = FakeBoard(None)
    board.now_ms = start_ms
    board.lines[1] = lambda board: [(CENTRE_MS + offset_ms, data) for offset_ms, data in arrivals]
    sensor = settings(kind)
    sensor.statistics = statistics
    return board, open_sensor(sensor).measure(board, CENTRE_MS)


def frames(ranges, first_ms=-400, digits="R%04d\r"):
    return [(first_ms + index * FRAME_PERIOD_MS, (digits % value).encode()) for index, value in enumerate(ranges)]


def test_frames_are_found_in_any_bytes():
    for name, (data, ranges, broken) in sorted(STREAMS.items()):
        parser = FrameParser(4)
        found = [value for value in (parser.feed(byte) for byte in data) if value is not None]
        assert found == ranges, (name, found)
        assert parser.broken == broken, (name, parser.broken)


def test_a_burst_gives_median_stage_and_count_with_their_quality():
    for name, (ranges, values) in sorted(BURSTS.items()):
        assert measured(frames(ranges))[1] == values, (name, measured(frames(ranges))[1])


def test_readings_before_the_burst_are_left_out():
    early = [(-1000, BANNER), (-800, b"R5000\r"), (-666, b"R0777\r"), (-532, b"R0777\r")]
    _, values = measured(early + frames([1500] * 7))
    assert values == [(1500, GOOD), (3000, GOOD), (7, GOOD)]


def test_the_burst_lies_around_its_instant():
    board = FakeBoard(None)
    opened = []

    def arrivals(board):
        opened.append(board.now_ms)
        first_ms = board.now_ms + 20
        return [(first_ms + index * FRAME_PERIOD_MS, b"R1500\r") for index in range(40)]

    board.lines[1] = arrivals
    open_sensor(settings()).measure(board, CENTRE_MS)
    half_ms = 7 * FRAME_PERIOD_MS // 2
    assert opened == [CENTRE_MS - half_ms - WARM_UP_MS]
    assert abs(board.now_ms - (CENTRE_MS + half_ms)) <= FRAME_PERIOD_MS


def test_a_silent_line_ends_at_its_deadline_with_a_reason():
    board, values = measured([])
    assert values == [(None, NO_READING), (None, NO_READING), (0, GOOD)]
    assert board.now_ms <= CENTRE_MS + 1000


def test_garbage_is_a_sensor_error_and_ends_at_its_deadline():
    board, values = measured([(-900 + 10 * index, b"\x00\x80R9\x12") for index in range(500)])
    assert values[:2] == [(None, SENSOR_ERROR), (None, SENSOR_ERROR)]
    assert board.now_ms <= CENTRE_MS + 1000


def test_a_sensor_that_dies_in_the_burst_gives_what_it_said():
    _, values = measured(frames([1500] * 4))
    assert values == [(1500, GOOD), (3000, GOOD), (4, GOOD)]


def test_a_board_that_woke_late_still_gets_a_whole_burst():
    woken_ms = 1900
    warming_up = [(woken_ms + 120, BANNER), (woken_ms + 250, b"R5000\r"), (woken_ms + 384, b"R0777\r")]
    late = [(woken_ms + WARM_UP_MS + index * FRAME_PERIOD_MS + 5, b"R1500\r") for index in range(30)]
    _, values = measured(warming_up + late, start_ms=CENTRE_MS + woken_ms)
    assert values == [(1500, GOOD), (3000, GOOD), (7, GOOD)]


def test_every_series_has_its_own_digits_and_full_scale():
    cases = {
        "maxbotix-hrxl": (frames([4999] * 7), (4999, GOOD)),
        "maxbotix-hrxl-wrl": (frames([9998] * 7), (9998, GOOD)),
        "maxbotix-xl": (frames([150] * 7, digits="R%03d\r"), (1500, GOOD)),
    }
    assert sorted(cases) == sorted(MODELS)
    for kind, (arrivals, value) in sorted(cases.items()):
        assert measured(arrivals, kind)[1][0] == value, kind
    assert measured(frames([9999] * 7), "maxbotix-hrxl-wrl")[1][0] == (None, OUT_OF_RANGE)


def test_the_sensor_is_switched_off_even_when_its_port_fails():
    def fail(board):
        assert board.powered == {1}
        raise HardwareError("no-port")

    board = FakeBoard(None)
    board.lines[1] = fail
    assert raises(HardwareError, open_sensor(settings()).measure, board, CENTRE_MS).reason == "no-port"
    assert board.powered == set()
