# Shared dialect: runs on MicroPython, and on CPython.
"""What a station leaves off while its battery is low, and what it says a cycle costs."""

from firmware.station.config import ConfigurationError, load
from firmware.station.hal import HardwareError
from firmware.station.health import Counters
from firmware.station.intervals import sleep_look_every_ms
from firmware.station.power import ALARMS_ONLY, EVERYTHING, LOG_ONLY, SLEEP, Power
from protocol.quality import GOOD, NO_POWER
from tests.firmware.station import test_adaptive as rivers
from tests.firmware.station import test_app as wakes
from tests.firmware.station.expecting import raises

MINUTE_MS = 60_000
START_MS = wakes.START_MS
BATTERY = {
    "alarms_only_below_v": 12.2,
    "log_only_below_v": 11.9,
    "sleep_below_v": 11.6,
    "hysteresis_v": 0.25,
    "awake_ma": 80,
    "radio_ma": 120,
    "sensors_ma": 30,
    "asleep_ma": 0.5,
}

# name: [(battery in V, tier)] one wake after the other
COURSES = {
    "falls through all tiers": [
        (12.7, EVERYTHING),
        (12.2, EVERYTHING),
        (12.19, ALARMS_ONLY),
        (11.89, LOG_ONLY),
        (11.59, SLEEP),
    ],
    "falls at once": [(12.7, EVERYTHING), (11.0, SLEEP)],
    "comes back by the hysteresis": [
        (11.5, SLEEP),
        (11.7, SLEEP),
        (11.85, LOG_ONLY),
        (12.1, LOG_ONLY),
        (12.15, ALARMS_ONLY),
        (12.44, ALARMS_ONLY),
        (12.45, EVERYTHING),
    ],
    "swings about a limit": [(12.1, ALARMS_ONLY), (12.3, ALARMS_ONLY), (12.1, ALARMS_ONLY), (12.5, EVERYTHING)],
    "cannot be read": [(12.1, ALARMS_ONLY), (None, ALARMS_ONLY), (12.7, EVERYTHING)],
}


class Radio:
    """What a board connects to: notes when, in minutes since the start, and fails."""

    def __init__(self):
        self.minutes = []

    def connect(self, board):
        self.minutes.append(round((board.utc_ms() - START_MS) / MINUTE_MS))
        raise HardwareError("no-network")


def woken_again(power, monotonic_ms, battery_v):
    again = Power(BATTERY, power.pack(monotonic_ms))
    again.begin(monotonic_ms + 900_000, battery_v)
    return again


def test_a_tier_is_entered_at_once_and_left_by_the_hysteresis():
    for name, course in sorted(COURSES.items()):
        power = Power(BATTERY, b"")
        for step, (battery_v, tier) in enumerate(course):
            power = woken_again(power, 900_000 * (step + 1), battery_v)
            assert power.tier == tier, (name, battery_v, power.tier)


def test_after_the_supply_was_away_it_takes_a_battery_well_above_a_limit_to_do_more():
    for battery_v, tier in ((11.5, SLEEP), (11.8, SLEEP), (11.9, LOG_ONLY), (12.3, ALARMS_ONLY), (12.5, EVERYTHING)):
        power = Power(BATTERY, b"", is_restart=True)
        power.begin(0, battery_v)
        assert power.tier == tier, battery_v
        assert not power.has_fallen


def test_it_has_fallen_in_the_wake_that_finds_the_battery_below_another_limit():
    power = Power(BATTERY, b"")
    fallen = []
    for step, battery_v in enumerate((12.7, 12.1, 12.1, 12.7, 11.5, 12.7, 11.8)):
        power = woken_again(power, 900_000 * (step + 1), battery_v)
        fallen.append(power.has_fallen)
    assert fallen == [False, True, False, False, True, False, True]


def test_a_cycle_costs_what_its_parts_draw():
    power = Power(BATTERY, b"")
    power.begin(1000, 12.6)
    power.note_sensors(1500)
    power.note_radio(4000)
    power = Power(BATTERY, power.pack(7000))
    assert "awake_ms" in power.facts()
    power.begin(7000 + 894_000, 12.6)
    facts = power.facts()
    assert (facts["cycles"], facts["awake_ms"], facts["radio_ms"]) == (1, 6000, 4000)
    # 6 s of 80 mA, 4 s of 120 mA, 1.5 s of 30 mA and 894 s of 0.5 mA, in uAh.
    assert facts["charge_uah"] == round((6 * 80 + 4 * 120 + 1.5 * 30 + 894 * 0.5) / 3.6)
    assert facts["charge_mah"] == facts["charge_uah"] // 1000


def test_without_a_battery_nothing_is_left_off_and_durations_are_told_all_the_same():
    power = Power(None, b"")
    power.begin(0, None)
    power = Power(None, power.pack(5000))
    power.begin(900_000, None)
    assert power.tier == EVERYTHING and power.may_use_radio(False)
    assert power.facts() == {"battery_tier": 0, "cycles": 1, "awake_ms": 5000, "radio_ms": 0}


def test_a_sleeping_station_looks_at_its_battery_about_hourly_at_instants_of_its_records():
    for record_every_s, look_every_s in ((60, 3600), (900, 3600), (500, 3500), (7200, 7200)):
        assert sleep_look_every_ms(record_every_s * 1000) == look_every_s * 1000


def low_station(battery_v, adaptive=None, stage_mm_at=None):
    """Return a station that was switched on with a full battery, and then has this one."""
    sampling = {"sampling": rivers.configuration()["sampling"]} if adaptive else {}
    root = wakes.folder(wakes.configuration(power=BATTERY, **sampling))
    board = rivers.station(stage_mm_at or rivers.rising_from(START_MS, 0))
    wakes.run(board, root)
    board.battery = battery_v
    board.broker = Radio()
    return board, root


def test_with_a_low_battery_the_radio_says_so_once_and_is_then_for_alarms():
    begins_ms = START_MS + 121 * MINUTE_MS
    board, root = low_station(12.0, adaptive=True, stage_mm_at=rivers.rising_from(begins_ms, 10))
    rivers.run_until(board, root, START_MS + 129 * MINUTE_MS)
    assert board.broker.minutes == [0], "the tier is told when it begins"
    assert len([at_s for at_s in rivers.seconds(board) if at_s % 900 == 0]) == 9, "recorded all the same"
    rivers.run_until(board, root, START_MS + 131 * MINUTE_MS)
    assert board.broker.minutes == [0, 130], "the sample of 02:10 raises the trigger"


def test_below_that_it_only_logs_at_the_instants_of_records():
    board, root = low_station(11.7, adaptive=True, stage_mm_at=rivers.rising_from(START_MS, 10))
    rivers.run_until(board, root, START_MS + 121 * MINUTE_MS)
    assert board.broker.minutes == []
    assert rivers.seconds(board) == list(range(0, 7201, 900)), "however the river rises"
    assert all(record.values[0][0] is not None for record in wakes.records(board))


def test_an_empty_battery_puts_it_to_sleep_and_every_instant_is_explained_when_it_has_recovered():
    board, root = low_station(12.6)
    rivers.run_until(board, root, START_MS + 31 * MINUTE_MS)
    board.battery = 11.5
    rivers.run_until(board, root, START_MS + 241 * MINUTE_MS)
    asleep = [minute for minute in board.broker.minutes if minute > 31]
    assert asleep == []
    board.battery = 12.6
    rivers.run_until(board, root, START_MS + 331 * MINUTE_MS)
    assert rivers.seconds(board) == list(range(0, 331 * 60, 900))
    by_instant = {(record.utc_ms - START_MS) // MINUTE_MS: record.values for record in wakes.records(board)}
    unpowered = [minute for minute in sorted(by_instant) if by_instant[minute][0] == (None, NO_POWER)]
    assert unpowered == list(range(45, 300, 15)), "looked at on the hour, and found recovered at 05:00"
    assert by_instant[60][-1] == (1150, GOOD), "the battery is measured when it is looked at"
    assert by_instant[45][-1] == (None, NO_POWER)
    assert by_instant[300][0][0] is not None
    assert 300 in board.broker.minutes, "that it is back is told at once"


def test_low_voltage_events_are_counted_and_outlast_the_supply():
    board, root = low_station(12.6)
    for battery_v in (12.1, 11.8, 11.8, 11.5):
        board.battery = battery_v
        wakes.run(board, root)
    board.power_cycle(off_ms=3 * 3_600_000)
    wakes.run(board, root)
    assert Counters(root).totals()["low_voltage_events"] == 3


def test_a_low_battery_wakes_the_board_seldom():
    board, root = low_station(11.0)
    looks = 0
    while board.utc_ms() < START_MS + 24 * 60 * MINUTE_MS:
        wakes.run(board, root)
        looks += 1
    assert looks <= 26


def test_what_the_board_is_told_of_its_battery_is_checked():
    for change, expected in (
        ({"sleep_below_v": 12.0}, "limits that fall from tier to tier"),
        ({"hysteresis_v": "0.25"}, "power.hysteresis_v"),
        ({"radio_ma": -1}, "power.radio_ma"),
        ({"colour": "red"}, "colour"),
    ):
        power = dict(BATTERY)
        power.update(change)
        root = wakes.folder(wakes.configuration(power=power))
        assert expected in str(raises(ConfigurationError, load, root)), change
