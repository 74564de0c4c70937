"""What the gateway's benchmark is made of. No test here asserts how fast anything is."""

import os
from itertools import pairwise

import pytest

from tests.benchmarks.gateway_load import EMBEDDED, STATIONS, Load, make_basin, write_packets
from tests.benchmarks.gateway_run import measure
from tests.benchmarks.processes import begin_peak, peak_mb, processor_s
from tests.benchmarks.publishers import pieces


def test_a_run_is_measured_when_all_is_stored_and_receipted(part):
    part("mosquitto")
    row = measure(Load(EMBEDDED, 4, 2 * STATIONS, per_s=2000))
    assert row.name == "gateway to embedded, steady 2000/s"
    assert {"gateway_s_per_million_values", "broker_s_per_million_values", "p50_ms", "p99_ms", "peak_mb"} < set(
        row.more
    )
    assert 0 <= row.more["p50_ms"] <= row.more["p99_ms"]


def test_every_station_sends_its_records_in_turn(tmp_path):
    load = Load(EMBEDDED, 2, STATIONS + 3)
    size = write_packets(tmp_path / "packets", make_basin(), tmp_path / "keys", load)
    packets = (tmp_path / "packets").read_bytes()
    assert len(packets) == size
    assert packets.count(b"/station-2/data") == 2
    assert packets.count(b"/station-3/data") == 1


@pytest.mark.parametrize("per_s", [0, 50_000])
def test_the_pieces_are_the_packets_at_any_pace(per_s):
    packets = os.urandom(100_003)
    found = list(pieces(packets, 1000, per_s))
    assert b"".join(found) == packets
    assert len(found) == (1 if per_s == 0 else 2)


def test_the_processor_time_of_a_process_only_grows():
    times_s = [processor_s(os.getpid())]
    while times_s[-1] == times_s[0]:
        times_s.append(processor_s(os.getpid()))
    assert all(earlier <= later for earlier, later in pairwise(times_s))


def test_the_peak_of_memory_begins_again():
    much = bytearray(os.urandom(1)) * 100_000_000
    with_much_mb = peak_mb()
    del much
    begin_peak()
    assert peak_mb() < with_much_mb - 50
