"""The simulated battery, and a station that lives on one through days without sun."""

from itertools import pairwise

import pytest

from firmware.station.memory import recall
from firmware.station.power import ALARMS_ONLY, EVERYTHING, LOG_ONLY, SLEEP, Power
from firmware.virtual.host import Battery, Draw, clear_day
from protocol.quality import NO_POWER
from tests.firmware.virtual.small_applications import SONAR

SENSOR = SONAR | {"burst": 5}
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LIMITS = {
    "alarms_only_below_v": 12.25,
    "log_only_below_v": 12.0,
    "sleep_below_v": 11.7,
    "hysteresis_v": 0.3,
    "awake_ma": 80,
    "radio_ma": 120,
    "sensors_ma": 30,
    "asleep_ma": 20,
}


def test_a_load_empties_the_battery_and_the_sun_fills_it_but_never_over_its_capacity():
    battery = Battery(0, capacity_mah=1000, charge_mah=500, panel_ma=300)
    battery.advance(6 * HOUR_MS, 50)
    assert battery.charge_mah == pytest.approx(200)
    battery.advance(15 * HOUR_MS, 50)
    assert battery.charge_mah == 1000, "a clear day gives 2292 mAh"
    battery.advance(60 * DAY_MS, 1000)
    assert battery.charge_mah == 0
    assert battery.drawn_mah == pytest.approx(50 * 15 + 1000 * (60 * 24 - 15))


def test_a_clear_day_gives_its_current_by_the_height_of_the_sun():
    assert [round(clear_day(hour * HOUR_MS), 3) for hour in (0, 6, 9, 12, 15, 18, 21)] == [0, 0, 0.707, 1, 0.707, 0, 0]


def test_voltage_falls_with_the_charge_and_with_the_load():
    def voltage_v(charge_mah, load_ma=0.0):
        return Battery(0, 1000, charge_mah).voltage_v(load_ma)

    assert [voltage_v(charge) for charge in (0, 250, 500, 1000)] == pytest.approx([11.4, 12.0, 12.3, 12.85])
    assert voltage_v(500, load_ma=1000) == pytest.approx(12.2)
    assert Battery(DAY_MS // 2, 1000, 500, panel_ma=100).voltage_v(0) > 12.8, "at noon it shows what charges it"


def test_a_station_without_sun_goes_down_through_all_tiers_and_comes_back_with_every_instant_explained(measuring):
    sampling = {"record_every_s": 1800, "send_every_s": 1800}
    station = measuring([SENSOR], sampling=sampling, power=LIMITS)
    begin_ms = station.bench.clock.now_ms()
    sunrise_ms = (begin_ms // DAY_MS + 1) * DAY_MS + 6 * HOUR_MS
    # 20 mA asleep empties 650 mAh from three quarters in a day; from the second morning on a panel fills it.
    station.virtual.battery = Battery(
        begin_ms,
        capacity_mah=650,
        charge_mah=480,
        panel_ma=200,
        sun=lambda at_ms: clear_day(at_ms) if at_ms >= sunrise_ms else 0.0,
        draw=Draw(asleep_ma=20),
    )
    tiers = []

    def note_tier():
        power = Power(LIMITS, recall(station.virtual.rtc_memory).power)
        if not tiers or tiers[-1][1] != power.tier:
            tiers.append((station.bench.clock.now_ms(), power.tier))

    for hour in range(1, 44):
        station.bench.at(begin_ms + hour * HOUR_MS, note_tier)
    station.bench.run_until(begin_ms + 44 * HOUR_MS)

    assert [tier for _, tier in tiers][:4] == [EVERYTHING, ALARMS_ONLY, LOG_ONLY, SLEEP]
    assert [tier for _, tier in tiers][-1] == EVERYTHING
    assert all(tier < before for (_, before), (_, tier) in pairwise(tiers[3:])), (
        "the hysteresis keeps it from falling again"
    )
    assert all(at_ms >= sunrise_ms for at_ms, _ in tiers[4:]), "without sun it does not come back"
    instants_ms = station.instants_ms()
    assert instants_ms == list(range(instants_ms[0], instants_ms[-1] + 1, 1_800_000)), "no instant is missing"
    assert instants_ms[0] - begin_ms < 1_800_000 and begin_ms + 44 * HOUR_MS - instants_ms[-1] < 1_800_000
    reasons = [record[(1, "stage_m")].quality for record in station.records() if record[(1, "stage_m")].value is None]
    assert reasons and set(reasons) == {NO_POWER}
    asleep_ms = tiers[4][0] - next(at_ms for at_ms, tier in tiers if tier == SLEEP)
    assert abs(len(reasons) - asleep_ms // 1_800_000) <= 3


def test_the_charge_that_a_station_reports_is_what_its_battery_gave(measuring):
    station = measuring([SENSOR], sampling={"record_every_s": 900, "send_every_s": 900}, power=LIMITS)
    draw = Draw(asleep_ma=20)
    begin_ms = station.bench.clock.now_ms()
    station.virtual.battery = Battery(begin_ms, capacity_mah=10_000, charge_mah=9000, draw=draw)
    station.run(12)
    power = Power(LIMITS, recall(station.virtual.rtc_memory).power)
    facts = power.facts()
    assert facts["cycles"] == station.virtual.wakes - 1, "the last sleep is under way"
    assert all(record[(1, "stage_m")].value is not None for record in station.records())
    last_wake_mah = facts["charge_uah"] / 1000 - draw.asleep_ma / 4
    assert facts["charge_mah"] == pytest.approx(station.virtual.battery.drawn_mah - last_wake_mah, abs=1)
