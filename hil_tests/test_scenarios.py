"""The scenarios, and for each the twin that proves that it can fail."""

from pathlib import Path

import pytest

from firmware.virtual.host import StationFailed, VirtualStation
from hil_tests.scenario import HOUR_MS, Remedy, Scenario, play
from protocol.quality import NO_READING, STATION_OFF
from rivergauge.basin import load_basin
from rivergauge.rig import Rig

BASIN = load_basin(Path(__file__).resolve().parent.parent / "deploy" / "basin.toml")
MINUTE_MS = 60_000
POWER_CUTS = 5


def pull_the_cable_for_an_hour_and_a_half(rig: Rig, station: VirtualStation) -> None:
    rig.bench.at(rig.start_ms + 2 * HOUR_MS + 5 * MINUTE_MS, station.unplug_sensor)
    rig.bench.at(rig.start_ms + 3 * HOUR_MS + 35 * MINUTE_MS, station.plug_sensor)


def stop_the_broker_for_a_day(rig: Rig, station: VirtualStation) -> None:
    rig.bench.at(rig.start_ms + 2 * HOUR_MS + 5 * MINUTE_MS, rig.stop_broker)
    rig.bench.at(rig.start_ms + 26 * HOUR_MS + 5 * MINUTE_MS, rig.start_broker)


def cut_the_power_inside_flash_writes(rig: Rig, station: VirtualStation) -> None:
    """Cut in the first flash operation after an instant, in the second, ... of different hours."""
    for cut in range(POWER_CUTS):
        rig.bench.at(
            rig.start_ms + (cut + 1) * HOUR_MS + 5 * MINUTE_MS,
            lambda operation=cut + 1: station.cut_power_at_flash_write(operation),  # type: ignore[misc]
        )


SCENARIOS = [
    Scenario(
        name="sensor cable out and back",
        hours=6,
        events=pull_the_cable_for_an_hour_and_a_half,
        remedy=Remedy(
            "firmware/station/sensors/ranging.py",
            "end_ms = start_ms + self.span_ms + LATE_FRAMES * model.frame_period_ms",
            "end_ms = start_ms + 7_200_000  # no deadline to speak of",
        ),
        most_absent={NO_READING: 6},
        least_absent=6,
    ),
    Scenario(
        name="broker away for a day",
        hours=30,
        events=stop_the_broker_for_a_day,
        remedy=Remedy(
            "firmware/station/uplink.py",
            "self._memory.awaits_receipts = True\n",
            "self._memory.awaits_receipts = True\n"
            "        self._queue.mark_receipted([(1, self._queue.next_record_no - 1)])  # freed when sending begins\n",
        ),
    ),
    Scenario(
        name="power cut inside a flash write",
        hours=POWER_CUTS + 2,
        events=cut_the_power_inside_flash_writes,
        remedy=Remedy(
            "firmware/station/slots.py",
            'if struct.unpack_from("<I", buffer, 0)[0] != _record_crc(buffer, flags):',
            "if is_blank(buffer):  # any bytes are taken for a record",
        ),
        most_absent={STATION_OFF: POWER_CUTS},
        least_absent=1,
    ),
]


@pytest.fixture(params=SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def scenario(request, part):
    part("mosquitto"), part("micropython")
    return request.param


def test_every_record_is_stored_once_or_its_absence_explained(scenario, tmp_path, note_verdict):
    verdict = play(scenario, BASIN, tmp_path)
    note_verdict(scenario.name, verdict)
    assert verdict.passed, verdict.faults


def test_the_scenario_fails_where_the_remedy_is_switched_off(scenario, tmp_path, note_verdict):
    try:
        verdict = play(scenario, BASIN, tmp_path, with_remedy=False)
    except StationFailed:
        return
    note_verdict(f"{scenario.name}, remedy off", verdict)
    assert not verdict.passed
