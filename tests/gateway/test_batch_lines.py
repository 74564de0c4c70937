"""The compiled writer of line protocol and its twin give the same bytes: the points of the plain writer."""

import importlib.machinery
import re

import pytest
from hypothesis import given, settings

from gateway import batch_lines, batch_lines_twin
from gateway.stores.line_protocol import lines_of
from gateway.stores.store import Delivery
from protocol.messages import DecodeError, decode_data, encode_data
from protocol.variables import names
from tests.protocol import meaning
from tests.protocol.builds import load_pure
from tests.protocol.test_round_trip import batches
from tests.protocol.test_vectors import VECTORS

PLACE = b"basin=syr-darya,station=uchkurgan"
BUILDS = {"compiled": batch_lines.BatchLines, "twin": batch_lines_twin.BatchLines}
VALID = [vector for vector in VECTORS["valid_data"] if "no name" not in vector["name"]]


def lines(build: str, payload: bytes) -> bytes:
    writer = BUILDS[build]()
    writer.read(payload)
    return writer.lines(PLACE)


def points(text: str) -> set[tuple[str, str, str, str]]:
    """Return (series, field, value, time) of each field; values as the floats they stand for."""
    found = set()
    for line in text.splitlines():
        series, fields, time = line.split(" ")
        for field in fields.split(","):
            name, value = field.split("=")
            found.add((series, name, value if value.endswith("i") else repr(float(value)), time))
    return found


def points_of_the_plain_writer(payload: bytes) -> set[tuple[str, str, str, str]]:
    batch = decode_data(payload)
    delivery = Delivery(1, "syr-darya", "uchkurgan", 0, batch, tuple(range(len(batch.times_ms))))
    return points("\n".join(line.text for line in lines_of(delivery)))


def test_the_compiled_writer_is_compiled():
    assert batch_lines.__file__.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["name"])
def test_both_writers_give_the_same_bytes_and_the_points_of_the_plain_one(vector):
    payload = bytes.fromhex(vector["hex"])
    written = lines("compiled", payload)
    assert written == lines("twin", payload)
    if len({(column["sensor_no"], column["variable"]) for column in vector["meaning"]["columns"]}) == len(
        vector["meaning"]["columns"]
    ):
        assert points(written.decode()) == points_of_the_plain_writer(payload)


@settings(max_examples=200, deadline=None)
@given(said=batches())
def test_both_writers_give_the_same_bytes_for_any_batch(said):
    for column in said["columns"]:
        column["variable"] = 1 + column["variable"] % len(names())
    payload = meaning.encode("data", said, load_pure("messages"))
    assert lines("compiled", payload) == lines("twin", payload)


def test_the_lines_of_a_small_batch():
    messages = load_pure("messages")
    stage = messages.Column(messages.Channel(1, 1, 1, 0, -3), [1234, -5, None, None], {2: 1, 3: 0}, {1: 3})
    battery = messages.Column(messages.Channel(2, 7, 0, 0, 0), [12, 13, 12, 12])
    payload = encode_data(messages.Batch(7, 10, [0, 1000, 2000, 3000], [stage, battery], 1, 10, 10, test=True))
    expected = """
        record,P log_id=7i,record_no=10i,configuration_no=1i,clock_quality=0i,test=1i 0
        observation,P,sensor=1 stage_m=1.234,stage_m_quality=1i 0
        observation,P,sensor=2 battery_v=12,battery_v_quality=1i 0
        record,P log_id=7i,record_no=11i,configuration_no=1i,clock_quality=0i,test=1i 1000
        observation,P,sensor=1 stage_m=-0.005,stage_m_quality=3i 1000
        observation,P,sensor=2 battery_v=13,battery_v_quality=1i 1000
        record,P log_id=7i,record_no=12i,configuration_no=1i,clock_quality=0i,test=1i 2000
        observation,P,sensor=1 stage_m_quality=9i 2000
        observation,P,sensor=2 battery_v=12,battery_v_quality=1i 2000
        record,P log_id=7i,record_no=13i,configuration_no=1i,clock_quality=0i,test=1i 3000
        observation,P,sensor=2 battery_v=12,battery_v_quality=1i 3000
    """
    assert lines("compiled", payload).decode() == re.sub(r"(?m)^ +|^\n", "", expected).replace("P", PLACE.decode())


@pytest.mark.parametrize("exponent", range(-9, 7))
def test_values_of_every_length_are_written_alike_with_every_exponent(exponent):
    messages = load_pure("messages")
    sizes = [10**digits + more for digits in range(10) for more in (-1, 0, 1)] + [2**31 - 1]
    mantissas = [sign * size for size in sizes if size < 2**31 for sign in (1, -1)]
    column = messages.Column(messages.Channel(1, 1, 0, 0, exponent), mantissas)
    times_ms = [1000 * index for index in range(len(mantissas))]
    payload = encode_data(messages.Batch(7, 10, times_ms, [column], 1, 10, 10))
    assert lines("compiled", payload) == lines("twin", payload)


def test_times_of_every_length_are_written_alike():
    messages = load_pure("messages")
    around = [10**digits + more for digits in range(3, 13) for more in (-2, -1, 0, 1)]
    column = messages.Column(messages.Channel(1, 1, 0, 0, 0), [5] * len(around))
    payload = encode_data(messages.Batch(7, 10, around, [column], 1, 10, 10))
    assert lines("compiled", payload) == lines("twin", payload)


@pytest.mark.parametrize("build", BUILDS)
def test_the_arrays_are_those_of_the_message(build):
    vector = next(vector for vector in VALID if vector["name"] == "a day of three channels")
    reader = BUILDS[build]()
    for _ in range(2):  # the second message replaces the first
        reader.read(bytes.fromhex(vector["hex"]))
    assert reader.column_count == 3
    for index, said in enumerate(vector["meaning"]["columns"]):
        sensor_no, _, exponent, mantissas, qualities = reader.column(index)
        assert (sensor_no, exponent, list(mantissas)) == (said["sensor_no"], said["exponent"], said["mantissas"])
        assert set(qualities) == {1}
    with pytest.raises(IndexError):
        reader.column(3)


@pytest.mark.parametrize("build", BUILDS)
def test_a_batch_of_more_values_than_any_before_is_read(build):
    messages = load_pure("messages")
    columns = [messages.Column(messages.Channel(n, 1, 0, 0, 0), [n + i % 3 for i in range(512)]) for n in range(64)]
    payload = messages.encode_data(messages.Batch(1, 1, [1000 * i for i in range(512)], columns, 1, 1, 1))
    assert lines(build, payload).count(b"observation") == 64 * 512
    reader = BUILDS[build]()
    reader.read(payload)
    assert [list(reader.column(n)[3]) for n in range(64)] == [column.mantissas for column in columns]


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("vector", VECTORS["malformed_data"], ids=lambda vector: vector["name"])
def test_what_the_decoder_refuses_is_refused(vector, build):
    with pytest.raises(DecodeError) as caught:
        BUILDS[build]().read(bytes.fromhex(vector["hex"]))
    assert (caught.value.reason, caught.value.offset) == (vector["reason"], vector["offset"])


@pytest.mark.parametrize("build", BUILDS)
def test_a_variable_without_a_name_is_told(build):
    vector = next(vector for vector in VECTORS["valid_data"] if "no name" in vector["name"])
    with pytest.raises(ValueError, match="no variable 255"):
        BUILDS[build]().read(bytes.fromhex(vector["hex"]))


@pytest.mark.parametrize("build", BUILDS)
def test_a_refused_message_leaves_no_lines_behind(build):
    payload = bytes.fromhex(VALID[0]["hex"])
    writer = BUILDS[build]()
    with pytest.raises(ValueError, match="read a message first"):
        writer.lines(PLACE)
    writer.read(payload)
    with pytest.raises(DecodeError):
        writer.read(payload + b"\0")
    with pytest.raises(ValueError, match="read a message first"):
        writer.lines(PLACE)
