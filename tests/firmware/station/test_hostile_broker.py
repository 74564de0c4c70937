# Shared dialect: runs on MicroPython, and on CPython.
"""A broker that drops and reorders acknowledgements, falls silent, is slow, and cuts in the middle of packets.

HOSTILE_PUBLISHES in the environment says how many publishes to go through; `make hostile` asks for 70,000.
"""

import gc
import os

from tests.fakes.hostile_broker import CUTS, DROPS_ACKS, HALF_OPEN, HONEST, REFUSES, SLOW, HostileBroker
from tests.firmware.station.test_app import folder, records, run, station

PUBLISHES = int(os.getenv("HOSTILE_PUBLISHES") or 1500)
MANNERS = (HONEST, HONEST, DROPS_ACKS, DROPS_ACKS, HALF_OPEN, CUTS, CUTS, SLOW, REFUSES)


def hostile_station(seed=1):
    board = station()
    board.broker = HostileBroker(seed)
    return board, board.broker, folder()


def receipted(board):
    return {record.record_no for record in records(board) if record.is_receipted}


def heap_bytes():
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def test_nothing_is_lost_and_nothing_freed_that_the_gateway_does_not_have():
    board, broker, root = hostile_station()
    run(board, root, 10)
    heap_at_start = heap_bytes()
    wakes = 0
    while broker.publishes < PUBLISHES:
        broker.manner = MANNERS[broker.draw(len(MANNERS))]
        run(board, root)
        wakes += 1
        if wakes % 50 == 0:
            assert receipted(board) <= broker.stored
    assert heap_bytes() - heap_at_start < 16 * 1024 + 64 * len(broker.stored)
    broker.manner = HONEST
    run(board, root, 8)
    last = max(record.record_no for record in records(board))
    assert broker.stored == set(range(1, last + 1))
    assert receipted(board) == {record.record_no for record in records(board)}


def test_each_manner_alone_loses_nothing():
    for manner in (DROPS_ACKS, HALF_OPEN, CUTS, SLOW, REFUSES):
        board, broker, root = hostile_station(seed=manner)
        broker.manner = manner
        run(board, root, 12)
        assert receipted(board) <= broker.stored, manner
        broker.manner = HONEST
        run(board, root, 8)
        assert broker.stored == set(range(1, len(records(board)) + 1)), manner
        assert len(receipted(board)) == len(records(board)), manner


def test_a_silent_broker_is_tried_less_and_less_often():
    board, broker, root = hostile_station()
    broker.manner = HALF_OPEN
    run(board, root, 5)
    attempts = board.link_attempts
    run(board, root, 24)
    assert 4 <= board.link_attempts - attempts <= 8
    assert len(records(board)) >= 28
