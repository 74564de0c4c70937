"""The rig accounts for every instant exactly, whenever a run begins, and waits for what is still to be delivered."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.virtual.host import synthetic_flood
from rivergauge.basin import load_basin
from rivergauge.rig import DELIVERY_LIMIT_MS, DELIVERY_MS, Rig

BASIN = load_basin(Path(__file__).resolve().parents[2] / "deploy" / "basin.toml")
MIDNIGHT_MS = 1_775_001_600_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize("after_instant_s", [0, 1, 30, 59, 899])
def test_an_instant_just_before_the_run_is_neither_measured_nor_owed(part, tmp_path, after_instant_s):
    part("mosquitto"), part("micropython")
    station = replace(BASIN.stations[0], upstream=())
    start_ms = MIDNIGHT_MS + after_instant_s * 1000
    river = synthetic_flood(MIDNIGHT_MS - HOUR_MS)
    with Rig(tmp_path, replace(BASIN, stations=(station,)), {station.id: river}, start_ms) as rig:
        rig.flash()
        (account,) = rig.finish(MIDNIGHT_MS + HOUR_MS)
    assert account.is_exact, account
    assert account.stored == account.scheduled == (5 if after_instant_s == 0 else 4)


@pytest.fixture
def rig(part, tmp_path):
    part("mosquitto"), part("micropython")
    station = replace(BASIN.stations[0], upstream=())
    river = synthetic_flood(MIDNIGHT_MS - HOUR_MS)
    with Rig(tmp_path, replace(BASIN, stations=(station,)), {station.id: river}, MIDNIGHT_MS) as rig:
        rig.flash()
        yield rig


def test_a_broker_that_stalls_in_the_last_exchange_is_waited_for(rig):
    last_ms = MIDNIGHT_MS + HOUR_MS
    rig.bench.at(last_ms - 1, lambda: os.kill(rig.broker.pid, signal.SIGSTOP))
    rig.bench.at(last_ms + DELIVERY_MS - 1, lambda: os.kill(rig.broker.pid, signal.SIGCONT))
    (account,) = rig.finish(last_ms)
    assert rig.bench.unanswered_waits > 0, "the last exchange failed"
    assert account.is_exact and account.stored == account.scheduled == 5
    assert account.waiting == 0


def test_records_that_cannot_be_delivered_are_told_to_be_waiting(rig):
    rig.bench.at(MIDNIGHT_MS + HOUR_MS - 1, rig.stop_broker)
    (account,) = rig.finish(MIDNIGHT_MS + HOUR_MS)
    assert rig.clock.now_ms() >= MIDNIGHT_MS + HOUR_MS + DELIVERY_LIMIT_MS
    assert account.waiting == 1
    assert account.lost_ms == (MIDNIGHT_MS + HOUR_MS,) and not account.is_exact
