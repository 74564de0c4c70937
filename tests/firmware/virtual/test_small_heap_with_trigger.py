"""A trigger on a rated discharge, all statistics, a battery and a backlog of fast records, in the same small heap."""

from dataclasses import replace

from firmware.virtual.host import process, synthetic_flood
from rivergauge.basin import Adaptive, Sampling, load_basin
from rivergauge.basin.model import Power
from rivergauge.rig import Rig
from tests.conftest import PROJECT
from tests.firmware.virtual.test_small_heap import HOUR_MS, MAXBOTIX, SMALL_HEAP, START_MS, black_box

STATISTICS = ("median", "mean", "min", "max", "std", "count")
ON_DISCHARGE = Adaptive(
    sensor_no=1,
    variable="discharge_m3_s",
    kind="level",
    raise_value=200,
    clear_value=150,
    over_s=None,
    clear_after_s=3600,
    record_every_s=60,
    send_every_s=300,
    pre_trigger_s=900,
)
BATTERY = Power(12.2, 11.9, 11.6, 0.3, 80, 120, 30, 0.5)


def test_a_raised_station_sends_its_fast_records_after_an_outage(part, tmp_path, monkeypatch):
    part("mosquitto"), part("micropython")
    monkeypatch.setattr(process, "HEAP_OPTION", SMALL_HEAP)
    basin = load_basin(PROJECT / "deploy" / "basin.toml")
    station = replace(
        basin.stations[0],
        sensors=(replace(MAXBOTIX, statistics=STATISTICS),),
        upstream=(),
        sampling=Sampling(900, 900, 300, ON_DISCHARGE),
        power=BATTERY,
    )
    with Rig(tmp_path, replace(basin, stations=(station,)), {station.id: synthetic_flood(START_MS)}, START_MS) as rig:
        rig.flash()
        rig.run_until(START_MS + 5 * HOUR_MS // 6)  # raised by then
        rig.stop_broker()
        rig.run_until(START_MS + 3 * HOUR_MS // 2)
        rig.start_broker()
        (account,) = rig.finish(START_MS + 9 * HOUR_MS // 4)
        assert "MemoryError" not in black_box(rig.stations[station.id])
    assert account.is_exact and account.stored == account.scheduled == 10
    assert account.by_trigger > 80
