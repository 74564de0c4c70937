"""Power cuts inside the flash driver or before a receipt is kept, then a reboot and delivery through the real gateway.

No record is lost, and none is stored twice.

POWER_CUTS in the environment says how many; `make cuts` asks for 10,000. POWER_CUTS_SEED chooses others.
"""

import os
import time
from collections import Counter
from functools import partial
from typing import NamedTuple

import pytest
from paho.mqtt import publish

from firmware.virtual.host import count_records, count_waiting
from gateway.journal import Journal
from gateway.observations import Observation
from gateway.stores.embedded import EmbeddedStore
from rivergauge.account import StationAccount
from rivergauge.rig import DELIVERY_MS, LOOPBACK, Rig
from tests.rivergauge.power_cuts import (
    HOUR_MS,
    LATEST_OPERATION,
    LONG_OUTAGE_MS,
    QUARTER_MS,
    CutStation,
    basin_of,
    blank_flash,
    river_for,
    witnessed_firmware,
)

CUTS = int(os.environ.get("POWER_CUTS") or 40)
SEED = int(os.environ.get("POWER_CUTS_SEED") or 1)
STATIONS = min(16, max(4, CUTS // 20))
WITHOUT_CLOCK = STATIONS // 4
START_MS = 1_775_001_600_000
FAR_MS = 1 << 42
AFTER_LAST_CUT_MS = LONG_OUTAGE_MS + 4 * QUARTER_MS
LONGEST_DELIVERY_MS = 24 * HOUR_MS
LONGEST_DAYS = 400
TOLD_EVERY_S = 10.0


class Delivered(NamedTuple):
    """What there is after all cuts and a last delivery; the accounts are in the order of the stations."""

    stations: list[CutStation]
    accounts: list[StationAccount]
    stored: list[dict[int, list[Observation]]]  # by record number
    counts: dict[str, int]


@pytest.fixture(scope="module")
def delivered(part, tmp_path_factory):
    part("mosquitto"), part("micropython")
    folder = tmp_path_factory.mktemp("cuts")
    basin = basin_of(STATIONS)
    river = river_for(START_MS, LONGEST_DAYS)
    for station in basin.stations:
        blank_flash(folder / "stations" / station.id)
    with Rig(folder, basin, {station.id: river for station in basin.stations}, START_MS) as rig:
        rig.flash(witnessed_firmware())
        stations = [
            CutStation(virtual, forgetting(rig, virtual.id), SEED * 1000 + number, has_clock=number >= WITHOUT_CLOCK)
            for number, virtual in enumerate(rig.stations.values())
        ]
        end_ms = deliver_all(rig, cut_all(rig, stations))
        accounts = rig.finish(end_ms)
        store = EmbeddedStore(rig.observations)
        stored = [records_of(store, station) for station in stations]
        yield Delivered(stations, accounts, stored, counts_of_journal(rig.settings.journal))


def records_of(store, station):
    """Return {record_no: [Observation]} of a station."""
    records = {}
    for observation in store.read_observations(station.virtual.id, 0, FAR_MS):
        records.setdefault(observation.record_no, []).append(observation)
    return records


def forgetting(rig, station_id):
    """Return what makes the broker forget a station's session: somebody of its name who wants none, and leaves."""
    client_id = f"{rig.basin.code}.{station_id}"
    return partial(publish.single, "nobody/listens", hostname=LOOPBACK, port=rig.broker.port, client_id=client_id)


def counts_of_journal(path):
    journal = Journal(path)
    journal.open()
    try:
        return journal.counts()
    finally:
        journal.close()


def cut_all(rig, stations):
    now_ms, told_s = START_MS, time.monotonic()
    while sum(station.cuts.total() for station in stations) < CUTS:
        now_ms += QUARTER_MS
        rig.run_until(now_ms)
        for station in stations:
            station.pass_quarter()
        if time.monotonic() - told_s > TOLD_EVERY_S:
            told_s = time.monotonic()
            print(dict(counts_of(stations)), f"of {CUTS}, seed {SEED}", flush=True)
    for station in stations:
        station.deliver()
    return now_ms + AFTER_LAST_CUT_MS


def deliver_all(rig, end_ms):
    """Go on until no station waits for a receipt; return the last instant due.

    On a busy machine the bench may take an answer for lost, and the station then sends again a quarter or more later.
    """
    for last_ms in range(end_ms, end_ms + LONGEST_DELIVERY_MS, QUARTER_MS):
        rig.run_until(last_ms + DELIVERY_MS)
        waiting = {each.id: count for each in rig.stations.values() if (count := count_waiting(each.flash, last_ms))}
        if not waiting:
            return last_ms
    raise AssertionError(f"records without a receipt {LONGEST_DELIVERY_MS // HOUR_MS} h after the last cut: {waiting}")


def counts_of(stations):
    return sum((station.cuts for station in stations), Counter())


def test_the_supply_failed_in_every_phase(delivered):
    cuts = counts_of(delivered.stations)
    print(f"{cuts.total()} power cuts, seed {SEED}:", dict(cuts))
    assert cuts.total() >= CUTS
    assert cuts.keys() == LATEST_OPERATION.keys()
    assert min(cuts[phase] for phase in ("write", "erase", "receipt", "cursor", "rotate")) >= CUTS // 20


def test_every_acknowledged_record_is_stored_as_it_was_acknowledged(delivered):
    for station, stored in zip(delivered.stations, delivered.stored, strict=True):
        for record in station.acknowledged():
            observations = stored[record.record_no]
            assert {(each.sensor, each.variable): _said(each) for each in observations} == record.values, record
            if record.utc_ms is not None:
                assert {each.observed_at_ms for each in observations} == {record.utc_ms}, record


def test_no_record_is_stored_twice_and_no_number_is_missing_or_given_twice(delivered):
    for station, stored in zip(delivered.stations, delivered.stored, strict=True):
        assert sorted(stored) == list(range(1, count_records(station.virtual.flash) + 1)), station.virtual.id
        for observations in stored.values():
            channels = Counter((each.sensor, each.variable) for each in observations)
            assert max(channels.values()) == 1 and len({each.observed_at_ms for each in observations}) == 1
        numbers = Counter(record.record_no for record in station.acknowledged())
        assert max(numbers.values()) == 1, station.virtual.id


def test_every_instant_is_stored_once_or_its_absence_explained_where_the_clock_ran_on(delivered):
    exact = [account.is_exact for account in delivered.accounts]
    assert exact[WITHOUT_CLOCK:] == [True] * (STATIONS - WITHOUT_CLOCK)


def test_no_queue_was_ever_begun_anew(delivered):
    for station, stored in zip(delivered.stations, delivered.stored, strict=True):
        log_ids = {each.log_id for observations in stored.values() for each in observations}
        assert len(log_ids) == 1, station.virtual.id
    assert delivered.counts["queues_reformatted"] == 0


def test_records_cut_off_from_their_receipt_were_sent_again(delivered):
    print(delivered.counts["records_duplicate"], "records received again")
    assert delivered.counts["records_duplicate"] >= counts_of(delivered.stations)["receipt"]


def test_the_gateway_counts_the_same(delivered):
    counts = delivered.counts
    assert counts["records_stored"] == sum(count_records(each.virtual.flash) for each in delivered.stations)
    assert (counts["records_dead"], counts["records_overwritten"], counts["records_lost_after_receipt"]) == (0, 0, 0)


def _said(observation):
    return (observation.value, observation.quality if observation.value is not None else observation.null_reason)
