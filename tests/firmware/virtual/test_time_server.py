"""A whole station whose oscillator drifts and whose clock is wrong, with a time server on the bench."""

import dataclasses

from firmware.virtual.host import synthetic_flood
from hil_tests.scenario import HOUR_MS, PROJECT, START_MS
from rivergauge.basin import load_basin
from rivergauge.rig import Rig

HOURS = 18


def test_a_drifting_station_keeps_the_schedule_by_its_time_server(part, tmp_path):
    part("mosquitto"), part("micropython")
    basin = load_basin(PROJECT / "deploy" / "basin.toml")
    station = dataclasses.replace(basin.stations[0], upstream=())
    alone = dataclasses.replace(basin, stations=(station,))
    with Rig(tmp_path, alone, {station.id: synthetic_flood(START_MS)}, START_MS) as rig:
        rig.flash()
        virtual = rig.stations[station.id]
        virtual.drift_ppm = 400
        virtual.utc_offset_ms = -4000
        virtual.start()
        rig.bench.at(START_MS + 9 * HOUR_MS, rig.time_server.stop)
        rig.bench.at(START_MS + 15 * HOUR_MS, rig.time_server.start)
        (account,) = rig.finish(START_MS + HOURS * HOUR_MS)
    assert account.is_exact and account.stored == account.scheduled == 4 * HOURS + 1
    # The first hour goes by before the drift is known: 4 s at the start and 1.4 s in the hour, of a rise of 0.5 mm/s.
    assert account.max_abs_error_m is not None and account.max_abs_error_m < 0.004
    assert rig.time_server.answered >= 4
