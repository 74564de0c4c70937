"""The whole application, with the simulated chip and its drivers, in a heap of 192 KiB on a 64-bit processor.

On a board, of 32 bits and with its chip in ROM and in C, it takes about half as much.
"""

import time
from dataclasses import replace

import pytest

from firmware.flash import BoardConnection
from firmware.virtual.host import process, synthetic_flood
from gateway.commanding.entries import GivenCommand
from rivergauge.basin import Sensor, load_basin
from rivergauge.rig import Rig
from tests.conftest import PROJECT

SMALL_HEAP = "heapsize=192k"
START_MS = 1_775_001_600_000
HOUR_MS = 3_600_000
PATIENCE_S = 30

MAXBOTIX = Sensor(1, "maxbotix-hrxl", 1, 1, burst=7, zero_distance_m=4.5)
GEOLUX = Sensor(1, "geolux-lx80-modbus", 1, 1, burst=5, zero_distance_m=4.5, modbus_address=3)
KELLER = Sensor(2, "keller-30", 2, 2, burst=5, stage_at_zero_m=-0.25, modbus_address=1, barometer="p2")
RADAR = Sensor(2, "vegapuls-c21", 2, 2, zero_distance_m=4.5, sdi12_address="2")


@pytest.mark.parametrize(
    "sensors",
    [
        pytest.param((MAXBOTIX,), id="ascii"),
        pytest.param((GEOLUX, KELLER), id="modbus"),
        pytest.param((MAXBOTIX, RADAR), id="ascii and sdi-12"),
    ],
)
def test_a_station_boots_measures_sends_a_backlog_and_carries_out_a_command(part, tmp_path, monkeypatch, sensors):
    part("mosquitto"), part("micropython")
    monkeypatch.setattr(process, "HEAP_OPTION", SMALL_HEAP)
    basin = load_basin(PROJECT / "deploy" / "basin.toml")
    station = replace(basin.stations[0], sensors=sensors, upstream=())
    river = synthetic_flood(START_MS)
    with Rig(tmp_path, replace(basin, stations=(station,)), {station.id: river}, START_MS) as rig:
        rig.flash()
        rig.run_until(START_MS + HOUR_MS)
        rig.stop_broker()
        rig.run_until(START_MS + 3 * HOUR_MS)
        rig.start_broker()
        rig.run_until(START_MS + 4 * HOUR_MS)
        with rig.service.journal.transaction() as transaction:
            now_ms = rig.clock.now_ms()
            transaction.commands.give(GivenCommand(station.id, "report-health", {}, now_ms, now_ms + 6 * HOUR_MS))
        wait_until(lambda: told(rig).command.sent_at_ms is not None)
        rig.run_until(START_MS + 5 * HOUR_MS)
        reply = told(rig).reply
        virtual = rig.stations[station.id]
        (account,) = rig.finish(START_MS + 5 * HOUR_MS)
        assert "MemoryError" not in black_box(virtual)
    assert (account.scheduled, account.stored) == (21, 21)
    assert reply is not None and reply.facts["free_heap"] > 0


def told(rig):
    return rig.service.journal.commands.told("rig")[0]


def wait_until(is_so):
    ends_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends_s
        time.sleep(0.02)


def black_box(virtual):
    virtual.hold_in_repl()
    with BoardConnection(virtual.console_port) as board:
        return board._board.exec("print(open('/blackbox.txt').read())").decode()  # of the broker's absence at least
