"""A batch as VictoriaMetrics imports it: the points of its lines, under the names that the server gives those."""

import importlib.machinery
import json

import pytest
from hypothesis import given, settings

from gateway import batch_lines, batch_lines_twin, batch_series, batch_series_twin
from protocol.messages import DecodeError, encode_data
from protocol.variables import names
from tests.benchmarks.points import parse_points
from tests.gateway.test_batch_lines import VALID
from tests.protocol import meaning
from tests.protocol.builds import load_pure
from tests.protocol.test_round_trip import batches

LABELS = b'"basin":"syr-darya","station":"uchkurgan"'
BUILDS = {
    "compiled": (batch_lines.BatchLines, batch_series.series_of),
    "twin": (batch_lines_twin.BatchLines, batch_series_twin.series_of),
}


def series(build, payload):
    read, series_of = BUILDS[build]
    batch = read()
    batch.read(payload)
    return series_of(batch, LABELS)


def imported_points(text):
    """Return (metric, labels, value, time) of each point."""
    for line in text.splitlines():
        said = json.loads(line)
        name = said["metric"].pop("__name__")
        labels = frozenset(f"{label}={value}" for label, value in said["metric"].items())
        for value, at_ms in zip(said["values"], said["timestamps"], strict=True):
            yield name, labels, float(value), at_ms


def points_of_the_lines(payload):
    batch = batch_lines.BatchLines()
    batch.read(payload)
    for point in parse_points(batch.lines(b"basin=syr-darya,station=uchkurgan")):
        yield f"{point.measurement}_{point.field}", point.tags, float(point.value), point.at_ms


def test_the_compiled_writer_is_compiled():
    assert batch_series.__file__.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["name"])
def test_both_writers_give_the_same_bytes_and_every_point_of_the_lines_once(vector):
    payload = bytes.fromhex(vector["hex"])
    written = series("compiled", payload)
    assert written == series("twin", payload)
    found = list(imported_points(written))
    assert set(found) == set(points_of_the_lines(payload))
    if len({(column["sensor_no"], column["variable"]) for column in vector["meaning"]["columns"]}) == len(
        vector["meaning"]["columns"]
    ):
        assert len(found) == len(set(found))


@settings(max_examples=200, deadline=None)
@given(said=batches())
def test_both_writers_give_the_same_bytes_for_any_batch(said):
    for column in said["columns"]:
        column["variable"] = 1 + column["variable"] % len(names())
    payload = meaning.encode("data", said, load_pure("messages"))
    assert series("compiled", payload) == series("twin", payload)


@pytest.mark.parametrize("build", BUILDS)
def test_the_series_of_a_small_batch(build):
    messages = load_pure("messages")
    stage = messages.Column(messages.Channel(1, 1, 1, 0, -3), [1234, -5, None, None], {2: 1, 3: 0}, {1: 3})
    battery = messages.Column(messages.Channel(2, 7, 0, 0, 0), [None] * 4, {0: 0, 1: 0, 2: 0, 3: 0})
    payload = encode_data(messages.Batch(7, 10, [0, 1000, 2000, 3000], [stage, battery], 1, 10, 10, test=True))
    place = '"basin":"syr-darya","station":"uchkurgan"'
    times = '"timestamps":[0,1000,2000,3000]'
    assert series(build, payload).decode().splitlines() == [
        f'{{"metric":{{"__name__":"record_record_no",{place}}},"values":[10,11,12,13],{times}}}',
        f'{{"metric":{{"__name__":"record_log_id",{place}}},"values":[7,7,7,7],{times}}}',
        f'{{"metric":{{"__name__":"record_configuration_no",{place}}},"values":[1,1,1,1],{times}}}',
        f'{{"metric":{{"__name__":"record_clock_quality",{place}}},"values":[0,0,0,0],{times}}}',
        f'{{"metric":{{"__name__":"record_test",{place}}},"values":[1,1,1,1],{times}}}',
        f'{{"metric":{{"__name__":"observation_stage_m",{place},"sensor":"1"}},'
        '"values":[1.234,-0.005],"timestamps":[0,1000]}',
        f'{{"metric":{{"__name__":"observation_stage_m_quality",{place},"sensor":"1"}},'
        '"values":[1,3,9],"timestamps":[0,1000,2000]}',
    ]


@pytest.mark.parametrize("build", BUILDS)
def test_the_largest_batch_fits(build):
    messages = load_pure("messages")
    channels = [messages.Channel(255, 1 + n, 4, 0, -9) for n in range(len(names()))]
    channels += [messages.Channel(n, 1, 0, 0, 6) for n in range(191, 255)][: 64 - len(channels)]
    columns = [messages.Column(channel, [-(2**31 - 1)] * 512) for channel in channels]
    times_ms = [4_294_967_000_000 + index for index in range(512)]
    payload = messages.encode_data(messages.Batch(2**32 - 1, 2**32 - 512, times_ms, columns, 65_535, 1, 1))
    points = list(imported_points(series(build, payload)))
    assert len(points) == len(set(points)) == 512 * (5 + 2 * 64)


@pytest.mark.parametrize("build", BUILDS)
def test_a_refused_message_leaves_no_series_behind(build):
    read, series_of = BUILDS[build]
    batch = read()
    with pytest.raises(ValueError, match="read a message first"):
        series_of(batch, LABELS)
    with pytest.raises(DecodeError):
        batch.read(bytes.fromhex(VALID[0]["hex"]) + b"\0")
    with pytest.raises(ValueError, match="read a message first"):
        series_of(batch, LABELS)
