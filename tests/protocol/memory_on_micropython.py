# Runs in MicroPython, started by test_micropython.py: `micropython memory_on_micropython.py PROJECT`.
"""Print how many bytes encoding a batch of 96 records and 3 channels allocates beyond the output buffer."""

import gc
import sys

sys.path.insert(0, sys.argv[1])

from protocol.messages import Batch, Channel, Column, encode_data_into

RECORDS = 96

times_ms = [1535673600000 + 900000 * index for index in range(RECORDS)]
columns = [
    Column(Channel(1, 1, 1, 0, -4), [12000 + index * 37 % 101 for index in range(RECORDS)]),
    Column(Channel(1, 5, 1, 0, -2), [None if index == 7 else 1200 + 3 * index for index in range(RECORDS)], {7: 1}),
    Column(Channel(2, 7, 0, 0, -2), [1280 - index // 9 for index in range(RECORDS)], None, {3: 3, 4: 3}),
]
batch = Batch(1, 1, times_ms, columns, 1, 1, 1)
buffer = bytearray(1024)

encode_data_into(batch, buffer)
gc.collect()
gc.disable()
before = gc.mem_alloc()
size = encode_data_into(batch, buffer)
print("allocated", gc.mem_alloc() - before, "for", size)
