# Shared dialect: runs on MicroPython, and on CPython.
"""Records from the queue as the gateway will decode them."""

from firmware.station.batches import batch_of, runs
from firmware.station.queue import Queue
from protocol.data_encoder import encode_data
from protocol.messages import decode_data
from protocol.quality import GOOD, NO_READING, OUT_OF_RANGE, SUSPECT
from tests.fakes.nor_flash import NorFlash

CHANNELS = ((1, 2, 1, -3, 0), (2, 1, 1, -3, 900))
START_MS = 1_535_587_200_000


def test_values_nulls_qualities_and_the_test_mark_reach_the_gateway():
    queue = Queue(NorFlash(), 7, CHANNELS)
    queue.mount(lambda count: bytes(range(count)))
    rows = [
        [(1500, GOOD), (None, NO_READING)],
        [(300, SUSPECT), (-12, GOOD)],
        [(None, OUT_OF_RANGE), (14, SUSPECT)],
    ]
    for index, values in enumerate(rows):
        queue.append(1, index, START_MS + 900_000 * index, values, is_test=True)
    (run,) = runs(queue)
    batch = decode_data(encode_data(batch_of(run, queue.log_id, 1, 1, [(5, 9)])))
    assert [column.mantissas for column in batch.columns] == [[1500, 300, None], [None, -12, 14]]
    assert [column.null_reasons for column in batch.columns] == [{2: OUT_OF_RANGE}, {0: NO_READING}]
    assert [column.qualities for column in batch.columns] == [{1: SUSPECT}, {2: SUSPECT}]
    assert [column.channel.key() for column in batch.columns] == [(1, 2, 1, 0, -3), (2, 1, 1, 900, -3)]
    assert batch.times_ms == [START_MS, START_MS + 900_000, START_MS + 1_800_000]
    assert (batch.test, batch.configuration_no, batch.log_id, batch.gaps) == (True, 7, queue.log_id, [(5, 9)])
