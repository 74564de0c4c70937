"""Clock stepped by a day, 1,000 stations connecting at once, a station backfilling three days."""

from dataclasses import replace

import pytest

from protocol import topics
from protocol.cose import seal
from protocol.messages import encode_data
from tests.fakes.many_stations import connect_and_publish
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, hmac_sha256, stage_batch, write_key
from tests.gateway.accounting import assert_embedded_has, names

DAY_MS = 86_400_000
STATIONS = 1000
BACKFILL_BATCHES, BATCH_RECORDS = 45, 96  # three days of every minute


@pytest.mark.parametrize("step_ms", [DAY_MS, -DAY_MS], ids=["clock stepped a day ahead", "clock stepped a day back"])
def test_a_clock_that_steps_under_way_loses_and_doubles_nothing(bench, until, step_ms):
    bench.now_ms = START_MS + 200 * RECORD_EVERY_MS  # a moment after the newest record
    service = bench.start()
    with bench.station("upper") as upper:
        for first_no in range(0, 200, 10):
            if first_no == 100:
                bench.now_ms += step_ms
            upper.publish(stage_batch(first_no, [500] * 10))
        assert upper.has_receipts(7, 0, 199)
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(200)), counts)
    received = {each.received_at_ms for each in bench.store.read_observations("upper", 0, 2**62)}
    assert received == {bench.now_ms - step_ms, bench.now_ms}


def test_a_thousand_stations_connecting_at_once_are_all_stored_and_receipted(bench, until, listener):
    lower = bench.basin.stations[1]
    stations = [f"station-{number}" for number in range(STATIONS)]
    bench.basin = replace(bench.basin, stations=tuple(replace(lower, id=each) for each in stations))
    for station in stations:
        write_key(bench.settings.keys, bench.basin.code, station, "key-1", bench.key(station))
    heard = listener(f"rg/1/{bench.basin.code}/+/receipt")
    service = bench.start()
    connect_and_publish(bench.mosquitto.port, {station: message(bench, station) for station in stations})
    receipted = {heard.get(timeout=30)[0] for _ in stations}
    assert receipted == {topics.topic(bench.basin.code, station, "receipt") for station in stations}
    until(service.is_idle, "the gateway is idle")
    expected = [name for station in stations for name in names(station, 7, range(3))]
    assert_embedded_has(bench.settings.embedded.path, expected, service.counts())


def message(bench, station):
    topic = topics.topic(bench.basin.code, station, "data")
    return topic, seal(encode_data(stage_batch(0, [500] * 3)), bench.key(station), b"key-1", topic, hmac_sha256)


def test_a_station_backfilling_three_days_loses_nothing_and_holds_no_other_back(bench, until):
    service = bench.start()
    firsts = [number * BATCH_RECORDS for number in range(BACKFILL_BATCHES)]
    last_no = BACKFILL_BATCHES * BATCH_RECORDS - 1
    with bench.station("lower") as lower, bench.station("upper") as upper:
        lower.publish(stage_batch(last_no, [500]))  # the newest record first, as a station does
        lower.publish_all(stage_batch(first_no, [500] * BATCH_RECORDS) for first_no in reversed(firsts))
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
        assert lower.has_receipts(7, 0, last_no)
        until(service.is_idle, "the gateway is idle")
    expected = names("lower", 7, range(last_no + 1)) + names("upper", 7, [0])
    assert_embedded_has(bench.settings.embedded.path, expected, service.counts())
    assert service.counts()["records_duplicate"] == 1
