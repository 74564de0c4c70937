"""The rig accounts for every instant exactly, whenever a run begins."""

from dataclasses import replace
from pathlib import Path

import pytest

from firmware.virtual.host import synthetic_flood
from rivergauge.basin import load_basin
from rivergauge.rig import Rig

BASIN = load_basin(Path(__file__).resolve().parents[2] / "deploy" / "basin.toml")
MIDNIGHT_MS = 1_775_001_600_000


@pytest.mark.parametrize("after_instant_s", [0, 1, 30, 59, 899])
def test_an_instant_just_before_the_run_is_neither_measured_nor_owed(part, tmp_path, after_instant_s):
    part("mosquitto"), part("micropython")
    station = replace(BASIN.stations[0], upstream=())
    start_ms = MIDNIGHT_MS + after_instant_s * 1000
    river = synthetic_flood(MIDNIGHT_MS - 3_600_000)
    with Rig(tmp_path, replace(BASIN, stations=(station,)), {station.id: river}, start_ms) as rig:
        rig.flash()
        (account,) = rig.finish(MIDNIGHT_MS + 3_600_000)
    assert account.is_exact, account
    assert account.stored == account.scheduled == (5 if after_instant_s == 0 else 4)
