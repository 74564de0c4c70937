# Shared dialect: runs on MicroPython, and on CPython.
"""A station that measures faster while the river rises: whole wakes without a network, and the intervals alone."""

from firmware.station.intervals import AdaptiveIntervals
from protocol.quality import GOOD, STATION_OFF
from tests.firmware.station import test_app as wakes

SECOND_MS = 1000
MINUTE_MS = 60_000
QUARTER_MS = wakes.QUARTER_MS
START_MS = wakes.START_MS
ZERO_DISTANCE_MM = 4500
STILL_MM = 1000
LEAD_MS = 5000  # a station wakes less than this before an instant
SENSOR = wakes.configuration()["sensors"]

ON_RISE = {
    "sensor_no": 1,
    "variable": "stage_m",
    "kind": "rise_rate",
    "over_s": 600,
    "raise_value": 0.3,
    "clear_value": 0.1,
    "clear_after_s": 1200,
    "record_every_s": 60,
    "send_every_s": 300,
    "pre_trigger_s": 900,
}
ON_LEVEL = {name: value for name, value in ON_RISE.items() if name != "over_s"}
ON_LEVEL.update({"kind": "level", "raise_value": 1.5, "clear_value": 1.3})


def configuration(adaptive=ON_RISE, sample_every_s=300, **changes):
    sampling = {"record_every_s": 900, "send_every_s": 3600, "sample_every_s": sample_every_s, "adaptive": adaptive}
    return wakes.configuration(sampling=sampling, **changes)


def rising_from(begins_ms, mm_per_minute, ends_ms=None):
    """Return stage_mm_at(utc_ms) of a river that stands still, rises and stands still again."""

    def stage_mm_at(utc_ms):
        # What is read about an instant is read a little before it.
        risen_ms = max(0, min(utc_ms + LEAD_MS, ends_ms or utc_ms + LEAD_MS) - begins_ms)
        return STILL_MM + risen_ms * mm_per_minute // MINUTE_MS

    return stage_mm_at


def station(stage_mm_at, utc_ms=START_MS - 5000):
    """Return a board whose sensor sees the river."""

    def line(board):
        range_mm = ZERO_DISTANCE_MM - stage_mm_at(board.utc_ms() or START_MS + board.now_ms)
        return [(board.now_ms + 250 + 133 * index, b"R%04d\r" % range_mm) for index in range(30)]

    return wakes.station(utc_ms=utc_ms, line=line)


def run_until(board, root, utc_ms):
    """Run the wakes for all instants before `utc_ms`."""
    while board.slept_until_ms is None or board.utc_offset_ms + board.slept_until_ms + LEAD_MS < utc_ms:
        wakes.run(board, root)


def seconds(board):
    """Return the times of all records in seconds since the start."""
    return [(record.utc_ms - START_MS) // SECOND_MS for record in wakes.records(board)]


def test_a_quiet_river_is_sampled_often_and_recorded_seldom():
    board, root = station(rising_from(START_MS, 1, START_MS)), wakes.folder(configuration())
    wakes.run(board, root, 13)
    assert board.utc_ms() // MINUTE_MS == (START_MS + 12 * 5 * MINUTE_MS) // MINUTE_MS - 1, "a wake every five minutes"
    assert seconds(board) == [0, 900, 1800, 2700]


def test_the_samples_from_before_the_rise_become_records_in_the_order_of_their_time():
    # It rises by 0.6 m/h from 01:01 on: over ten minutes that is 0.24 m/h at 01:05, and 0.54 m/h at 01:10.
    begins_ms = START_MS + 61 * MINUTE_MS
    board, root = station(rising_from(begins_ms, 10)), wakes.folder(configuration())
    run_until(board, root, START_MS + 73 * MINUTE_MS)
    assert seconds(board) == [0, 900, 1800, 2700, 3600, 3900, 4200, 4260, 4320]
    stages = [record.values[1] for record in wakes.records(board)][-5:]
    assert stages == [(1000, GOOD), (1040, GOOD), (1090, GOOD), (1100, GOOD), (1110, GOOD)]
    assert "trigger: raised by stage_m 0.540 per hour" in wakes.black_box(root)


def test_what_lies_further_back_than_asked_for_stays_away():
    begins_ms = START_MS + 61 * MINUTE_MS
    adaptive = dict(ON_RISE)
    adaptive["pre_trigger_s"] = 0
    board, root = station(rising_from(begins_ms, 10)), wakes.folder(configuration(adaptive))
    run_until(board, root, START_MS + 72 * MINUTE_MS)
    assert seconds(board)[-3:] == [3600, 4200, 4260], "01:05 is not asked for"


def test_the_trigger_clears_after_the_river_has_stood_still_and_every_slow_instant_is_there():
    begins_ms, ends_ms = START_MS + 61 * MINUTE_MS, START_MS + 80 * MINUTE_MS
    board, root = station(rising_from(begins_ms, 10, ends_ms)), wakes.folder(configuration())
    run_until(board, root, START_MS + 4 * 60 * MINUTE_MS)
    found = seconds(board)
    assert found == sorted(set(found))
    assert [at_s for at_s in found if at_s % 900 == 0] == list(range(0, 4 * 3600, 900)), "whatever the trigger does"
    last_fast_s = max(at_s for at_s in found if at_s % 900)
    # Over ten minutes the rise is below 0.1 m/h from 01:29 on; twenty minutes later it counts as over.
    assert last_fast_s == 108 * 60
    fast = [at_s for at_s in found if 4200 <= at_s <= last_fast_s]
    assert fast == list(range(4200, last_fast_s + 1, 60))


def test_a_level_is_held_until_the_water_is_below_the_lower_value():
    def stage_mm_at(utc_ms):
        minute = (utc_ms - START_MS) // MINUTE_MS
        return 1000 if minute < 20 else 1600 if minute < 40 else 1400 if minute < 60 else 1200

    board, root = station(stage_mm_at), wakes.folder(configuration(ON_LEVEL))
    run_until(board, root, START_MS + 90 * MINUTE_MS)
    found = seconds(board)
    assert 20 * 60 in found and 19 * 60 not in found, "raised by the sample of 00:20"
    assert 78 * 60 in found and 81 * 60 not in found, "cleared twenty minutes after 00:59, when it was last above 1.3"


def test_a_station_raised_sends_at_the_sample_that_raised_it_and_then_every_five_minutes():
    begins_ms = START_MS + 61 * MINUTE_MS
    board, root = station(rising_from(begins_ms, 10)), wakes.folder(configuration())
    attempts = []

    class NoBroker:
        def connect(self, board):
            from firmware.station.hal import HardwareError

            attempts.append((board.utc_ms() - START_MS) // MINUTE_MS)
            raise HardwareError("no-network")

    board.broker = NoBroker()
    run_until(board, root, START_MS + 69 * MINUTE_MS)
    before = len(attempts)
    run_until(board, root, START_MS + 70 * MINUTE_MS + 30_000)
    assert attempts[before:] == [70], "a flood does not wait for the back-off of a network that was away"


def test_a_power_cut_while_raised_leaves_every_slow_instant_explained():
    begins_ms = START_MS + 61 * MINUTE_MS
    board, root = station(rising_from(begins_ms, 10)), wakes.folder(configuration())
    run_until(board, root, START_MS + 75 * MINUTE_MS)
    board.power_cycle(off_ms=40 * MINUTE_MS)
    board.slept_until_ms = None
    run_until(board, root, START_MS + 150 * MINUTE_MS)
    found = seconds(board)
    assert found == sorted(set(found))
    assert [at_s for at_s in found if at_s % 900 == 0] == list(range(0, 150 * 60, 900))
    off = [record for record in wakes.records(board) if record.values[0] == (None, STATION_OFF)]
    assert [(record.utc_ms - START_MS) // QUARTER_MS for record in off] == [5, 6, 7]


def test_a_clock_that_is_set_after_the_samples_dates_no_record_by_the_count_before():
    board, root = station(rising_from(START_MS + 30 * MINUTE_MS, 10), utc_ms=None), wakes.folder(configuration())
    wakes.run(board, root, 7)
    board.set_utc_ms(START_MS + board.now_ms + 77_000)
    wakes.run(board, root, 10)
    dated = [record.utc_ms for record in wakes.records(board) if record.utc_ms is not None]
    assert dated and all(utc_ms > START_MS for utc_ms in dated)
    assert dated == sorted(set(dated))


class Configured:
    """What AdaptiveIntervals reads of a configuration."""

    def __init__(self, record_every_s=900, send_every_s=3600, sample_every_s=300, adaptive=ON_RISE):
        self.record_every_ms = record_every_s * SECOND_MS
        self.send_every_ms = send_every_s * SECOND_MS
        self.sample_every_ms = sample_every_s * SECOND_MS
        self.adaptive = adaptive
        self.rating = None


# name: (record and send interval ordered, wake interval; raised: wake and send interval), all in s
ORDERED = {
    "as configured": (900, 3600, 300, 60, 300),
    "recorded as often as sampled": (300, 3600, 300, 60, 300),
    "recorded more often than sampled": (60, 600, 60, 60, 300),
    "sent more often than when raised": (60, 120, 60, 60, 120),
    "a multiple of neither": (400, 1200, 400, 400, 300),
}


def test_ordered_intervals_stand_where_those_of_the_trigger_do_not_fit_them():
    channels = [(1, 2, 1, -3, 0), (1, 1, 1, -3, 0)]
    for name, (record_s, send_s, quiet_s, raised_s, raised_send_s) in sorted(ORDERED.items()):
        intervals = AdaptiveIntervals(Configured(record_s, send_s, adaptive=ON_LEVEL), channels, b"")
        assert intervals.wake_every_ms == quiet_s * SECOND_MS, name
        assert (intervals.record_every_ms, intervals.send_every_ms) == (record_s * 1000, send_s * 1000), name
        intervals.take(0, 0, [(0, GOOD), (2000, GOOD)])
        assert intervals.has_begun
        assert intervals.wake_every_ms == intervals.record_every_ms == raised_s * SECOND_MS, name
        assert intervals.send_every_ms == raised_send_s * SECOND_MS, name


def test_samples_that_were_counted_by_another_clock_become_no_records():
    channels = [(1, 2, 1, -3, 0), (1, 1, 1, -3, 0)]
    low, high = [(0, GOOD), (1000, GOOD)], [(0, GOOD), (2000, GOOD)]
    sample_ms, now_ms = 300_000, 600_000
    for name, sampled_at_ms, expected in (
        ("the same", START_MS + sample_ms, [START_MS + sample_ms, START_MS + now_ms]),
        ("a second off", START_MS + sample_ms - 1000, [START_MS + sample_ms - 1000, START_MS + now_ms]),
        ("no clock yet", sample_ms, [START_MS + now_ms]),
        ("a clock that was set back since", START_MS + sample_ms + 3_600_000, [START_MS + now_ms]),
    ):
        intervals = AdaptiveIntervals(Configured(adaptive=ON_LEVEL), channels, b"")
        assert intervals.take(START_MS, 0, low) == [(START_MS, low)]
        assert intervals.take(sampled_at_ms, sample_ms, low) == [], name
        intervals = AdaptiveIntervals(Configured(adaptive=ON_LEVEL), channels, intervals.pack())
        found = intervals.take(START_MS + now_ms, now_ms, high)
        assert [instant_ms for instant_ms, _ in found] == expected, (name, found)
