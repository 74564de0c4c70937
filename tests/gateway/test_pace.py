"""How fast a backlog may come, by what the journal has room for and how far the stores are behind."""

import json
from dataclasses import replace

import pytest

from gateway.pace import BATCH_BYTES, BATCHES_LIMIT, LAG_FRAMES, backfill_batches
from gateway.room import HOLD, TIGHT
from gateway.settings import InfluxSettings
from protocol.topics import gateway_state_topic
from rivergauge.servers import free_port
from tests.fakes.publisher import stage_batch

LIMIT_BYTES = 1 << 30


@pytest.mark.parametrize(
    ("used", "behind", "stations", "expected"),
    [
        (0.0, 0, 3, None),
        (TIGHT, LAG_FRAMES, 3, None),
        (0.0, LAG_FRAMES + 1, 100, LAG_FRAMES // 100),
        (0.0, LAG_FRAMES + 1, 1, BATCHES_LIMIT),
        (0.0, 10**9, 1_000_000, 1),
        (HOLD - 0.1, 0, 10, int(0.1 * LIMIT_BYTES) // BATCH_BYTES // 10),
        (HOLD, 0, 3, 1),
        (1.5, 0, 3, 1),
    ],
    ids=[
        "all is well", "just well", "stores behind", "one station alone", "more stations than frames may wait",
        "the journal tight", "the journal holds", "the journal beyond its limit",
    ],
)  # fmt: skip
def test_batches_by_room_lag_and_stations(used, behind, stations, expected):
    assert backfill_batches(int(used * LIMIT_BYTES), LIMIT_BYTES, behind, stations) == expected


def test_all_stations_together_never_fill_the_journal_to_where_it_holds():
    for stations in (1, 7, 1000):
        for percent in range(61, 85):
            used = LIMIT_BYTES * percent // 100
            batches = backfill_batches(used, LIMIT_BYTES, 0, stations)
            assert used + batches * stations * BATCH_BYTES <= HOLD * LIMIT_BYTES, (stations, percent)


def next_other(heard, said):
    """Return the next state that is not the one said before, which may be said again at any time."""
    while (state := json.loads(heard.get(timeout=20)[1])) == said:
        pass
    return state


def test_a_gateway_whose_store_is_far_behind_says_how_fast_a_backlog_may_come(bench, listener, until, monkeypatch):
    monkeypatch.setattr("gateway.pace.LAG_FRAMES", 9)
    away = InfluxSettings("away", "influxdb1", f"http://127.0.0.1:{free_port()}", "river")
    bench.settings = replace(bench.settings, stores=(*bench.settings.stores, away))
    heard = listener(gateway_state_topic("gateway-1"))
    service = bench.start()
    assert next_other(heard, None) == {"state": "accepting"}
    with bench.station("upper") as upper:
        for record_no in range(10):
            upper.publish(stage_batch(record_no, [500]))
        until(lambda: service.counts()["records_pending"] == 10, "all is journalled and none stored")
    bench.stop(service)
    assert next_other(heard, {"state": "accepting"}) == {"state": "gone"}
    bench.start()
    assert next_other(heard, {"state": "gone"}) == {"state": "accepting", "backfill_batches": 9 // 2}
