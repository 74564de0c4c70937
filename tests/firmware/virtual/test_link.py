"""The link of a virtual station: real sockets, whose answers bench time waits for."""

import socket
import threading
import time

import pytest

from tests.firmware.virtual.small_applications import START_MS, read_notes

CALLER = """
from station import hal
from station.notebook import note
def run(board):
    buffer = bytearray(100)
    try:
        link = board.open_link("127.0.0.1", {port}, board.monotonic_ms() + 5000)
        link.write(b"ping", board.monotonic_ms() + 5000)
        count = link.read_into(buffer, board.monotonic_ms() + 15000)
        note(board, board.monotonic_ms(), bytes(buffer[:count]))
        count = link.read_into(buffer, board.monotonic_ms() + 15000)
        note(board, board.monotonic_ms(), bytes(buffer[:count]))
    except hal.HardwareError as error:
        note(board, board.monotonic_ms(), error.reason)
    board.deep_sleep_until(10**12)
"""


@pytest.fixture
def server():
    """Return listen(serve) -> port: each connection is handed to `serve(connection)` in a thread."""
    sockets, threads = [], []

    def listen(serve):
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)

        def accept():
            connection, _ = listener.accept()
            with connection:
                serve(connection)

        threads.append(threading.Thread(target=accept, daemon=True))
        threads[-1].start()
        return listener.getsockname()[1]

    yield listen
    for listener in sockets:
        listener.close()


def test_no_bench_time_passes_while_an_answer_is_outstanding(bench_of, server):
    def answer_late(connection):
        assert connection.recv(100) == b"ping"
        time.sleep(0.4)
        connection.sendall(b"pong")

    made = bench_of(CALLER.format(port=server(answer_late)))
    made.bench.run_until(START_MS + 60_000)
    assert read_notes(made.station) == [(0, b"pong"), (0, "closed")]
    assert made.bench.unanswered_waits == 0


def test_an_answer_that_never_comes_costs_the_deadline_and_is_counted(bench_of, server):
    def never_answer(connection):
        while connection.recv(100):
            pass

    made = bench_of(CALLER.format(port=server(never_answer)))
    made.bench.run_until(START_MS + 60_000)
    assert read_notes(made.station) == [(15_000, b""), (30_000, b"")]
    assert made.bench.unanswered_waits == 2


def test_a_busy_gateway_keeps_the_clock_held_longer_than_a_quiet_one(bench_of, server):
    def answer_after_the_quiet_time(connection):
        connection.recv(100)
        time.sleep(1.5)
        busy.clear()
        connection.sendall(b"pong")

    busy = threading.Event()
    made = bench_of(CALLER.format(port=server(answer_after_the_quiet_time)), is_gateway_idle=lambda: not busy.is_set())
    busy.set()
    made.bench.run_until(START_MS + 60_000)
    assert read_notes(made.station)[0] == (0, b"pong")


def test_with_the_broker_known_to_be_away_time_goes_on_after_a_short_grace(bench_of, server):
    made = bench_of(CALLER.format(port=server(lambda connection: time.sleep(3))), is_uplink_up=lambda: False)
    began_s = time.monotonic()
    made.bench.run_until(START_MS + 60_000)
    assert read_notes(made.station) == [(15_000, b""), (30_000, b"")]
    assert time.monotonic() - began_s < 1.9  # with the broker there it is twice ANSWER_QUIET_S and more
    assert made.bench.unanswered_waits == 0


def test_a_refused_connection_is_told_at_once(bench_of):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free_port = listener.getsockname()[1]
    made = bench_of(CALLER.format(port=free_port))
    made.bench.run_until(START_MS + 60_000)
    assert read_notes(made.station) == [(0, "refused")]


def test_a_write_larger_than_the_sockets_buffers_arrives_whole(bench_of, server):
    received = bytearray()
    done = threading.Event()

    def read_slowly(connection):
        while len(received) < 3_000_000:
            received.extend(connection.recv(65536))
        done.set()

    made = bench_of(f"""
def run(board):
    link = board.open_link("127.0.0.1", {server(read_slowly)}, 5000)
    data = bytes(range(250)) * 100
    for _ in range(120):
        link.write(data, 5000)
    board.deep_sleep_until(10**12)
""")
    made.bench.run_until(START_MS + 60_000)
    assert done.wait(5)
    assert received == bytes(range(250)) * 12000
