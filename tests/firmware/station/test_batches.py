# Shared dialect: runs on MicroPython, and on CPython.
"""Running totals in a batch: where a counter began again is marked, so that no rain is invented or lost."""

from firmware.station.batches import batch_of, runs
from firmware.station.queue import Queue
from protocol.quality import GOOD, STATION_OFF
from protocol.variables import MEDIAN, TOTAL, code_of
from tests.fakes.nor_flash import NorFlash

RAIN = (1, code_of("rain_mm"), TOTAL, -2, 0)
STAGE = (2, code_of("stage_m"), MEDIAN, -3, 0)
OFF = (None, STATION_OFF)

# name: (totals, indices before which the counter went back to nought)
TOTALS = {
    "rises": ([0, 20, 20, 60], []),
    "began again": ([100, 120, 0, 20], [2]),
    "began again while the station was off": ([100, None, None, 40], [3]),
    "began again twice": ([100, 20, None, 0], [1, 3]),
    "nothing at first": ([None, 100, 120], []),
}


def batch(channel, mantissas):
    queue = Queue(NorFlash(), 1, [channel])
    queue.mount(lambda count: bytes(count))
    for index, mantissa in enumerate(mantissas):
        queue.append(1, index * 1000, 1_000_000 + index * 1000, [OFF if mantissa is None else (mantissa, GOOD)])
    (run,) = list(runs(queue.to_send()))
    return batch_of(run, queue.log_id, 1, 1, [])


def test_the_place_where_a_total_began_again_is_marked():
    for name, (totals, resets) in sorted(TOTALS.items()):
        (column,) = batch(RAIN, totals).columns
        assert column.mantissas == totals, name
        assert column.resets == resets, name


def test_a_stage_that_falls_is_no_reset():
    (column,) = batch(STAGE, [1500, 1200]).columns
    assert column.resets == []
