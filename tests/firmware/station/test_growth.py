# Shared dialect: runs on MicroPython, and on CPython.
"""Wake after wake in one process: nothing that is allocated grows, neither the heap nor what outlasts a wake.

GROWTH_CYCLES in the environment says how many wakes; `make growth` asks for 10,000.
"""

import gc
import os

from tests.fakes.hostile_broker import CUTS, HONEST, HostileBroker
from tests.firmware.station.test_app import folder, frames, run, station

CYCLES = int(os.getenv("GROWTH_CYCLES") or 200)
SETTLED = 60  # wakes after which all code is loaded and every file has its size
TROUBLE_EVERY = 17  # wakes: then the broker cuts the connection and the sensor is silent
GROWTH_LIMIT_BYTES = 4096
RTC_LIMIT_BYTES = 256  # a quarter of what boards have


def heap_bytes():
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def files_bytes(root):
    return sum(os.stat(root + "/" + name)[6] for name in os.listdir(root))


def cycle(board, root, number):
    is_trouble = number % TROUBLE_EVERY == 0
    board.broker.manner = CUTS if is_trouble else HONEST
    board.lines[1] = silent if is_trouble else frames
    run(board, root)
    board.broker.stored.clear()  # the gateway's memory, not the station's


def silent(_board):
    return []


def test_no_allocation_grows_over_many_wakes():
    board, root = station(), folder()
    board.broker = HostileBroker(1)
    for number in range(SETTLED):
        cycle(board, root, number)
    settled_bytes = heap_bytes()
    largest = 0
    for number in range(SETTLED, CYCLES):
        cycle(board, root, number)
        if number % SETTLED == 0:
            largest = max(largest, heap_bytes())
    assert largest - settled_bytes < GROWTH_LIMIT_BYTES, (settled_bytes, largest)
    assert len(board.rtc) < RTC_LIMIT_BYTES
    assert files_bytes(root) < 16 * 1024
