"""Whatever can be encoded is decoded to the same, in both builds; what cannot is refused by the encoder."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import batch as bounds
from tests.protocol import meaning
from tests.protocol.builds import BUILDS
from tests.protocol.reader_from_the_guide import read_data
from tests.protocol.vector_source.valid import UINT32, batch, column

MANTISSAS = st.integers(-bounds.MANTISSA_LIMIT, bounds.MANTISSA_LIMIT)


def walks(count: int) -> st.SearchStrategy[list[int]]:
    """Return series as sensors give them: small steps, seldom a jump."""
    steps = st.one_of(st.integers(-3, 3), st.integers(-3, 3), st.integers(-60, 60), st.integers(-100_000, 100_000))
    return st.lists(steps, min_size=count, max_size=count).map(
        lambda all_steps: [sum(all_steps[: n + 1]) for n in range(count)]
    )


@st.composite
def columns(draw, count: int) -> dict[str, object]:
    mantissas = draw(st.one_of(walks(count), st.lists(MANTISSAS, min_size=count, max_size=count)))
    null_reasons = draw(st.dictionaries(st.integers(0, count - 1), st.integers(0, bounds.REASON_LIMIT)))
    qualities = draw(st.dictionaries(st.integers(0, count - 1), st.sampled_from([2, 3, 4])))
    statistic = draw(st.integers(0, 7))
    return column(
        [None if index in null_reasons else mantissa for index, mantissa in enumerate(mantissas)],
        sensor_no=draw(st.integers(0, 255)),
        variable=draw(st.integers(1, 255)),
        statistic=statistic,
        interval_s=draw(st.integers(0, bounds.INTERVAL_LIMIT_S)),
        exponent=draw(st.integers(-9, 6)),
        null_reasons=[list(item) for item in sorted(null_reasons.items())],
        qualities=[list(item) for item in sorted(qualities.items()) if item[0] not in null_reasons],
        resets=sorted(draw(st.sets(st.integers(0, count - 1)))) if statistic == 7 else [],
    )


@st.composite
def batches(draw) -> dict[str, object]:
    count = draw(st.integers(1, 40))
    times = draw(st.sets(st.integers(0, bounds.TIME_LIMIT_MS), min_size=count, max_size=count))
    edges = sorted(draw(st.sets(st.integers(0, UINT32 // 2).map(lambda number: 2 * number), max_size=20)))
    return batch(
        *draw(st.lists(columns(count), min_size=1, max_size=4)),
        log_id=draw(st.integers(0, UINT32)),
        first_record_no=draw(st.integers(0, UINT32 - count + 1)),
        times_ms=sorted(times),
        configuration_no=draw(st.integers(0, 65535)),
        oldest_held=draw(st.integers(0, UINT32)),
        receipted=draw(st.integers(0, UINT32)),
        clock_quality=draw(st.integers(0, 2)),
        gaps=[list(pair) for pair in zip(edges[::2], edges[1::2], strict=False)],
        test=draw(st.booleans()),
    )


@settings(max_examples=200, deadline=None)
@given(said=batches())
def test_any_batch_is_decoded_to_what_was_encoded(said):
    payload = meaning.encode("data", said, BUILDS["pure"]("messages"))
    for build in BUILDS.values():
        assert meaning.encode("data", said, build("messages")) == payload
        assert meaning.decode("data", payload, build("messages")) == said
    assert read_data(payload) == said


UNSAYABLE = {
    "no records": batch(column([])),
    "513 records": batch(column([1] * 513)),
    "no columns": batch(column([1])) | {"columns": []},
    "65 columns": batch(*[column([1])] * 65),
    "a column too short": batch(column([1, 2]), column([1])),
    "a log id of 33 bits": batch(column([1]), log_id=2**32),
    "records beyond the last number": batch(column([1, 2]), first_record_no=UINT32),
    "a negative record number": batch(column([1]), first_record_no=-1),
    "a mantissa of 2**31": batch(column([2**31])),
    "a second mantissa of -2**31": batch(column([0, -(2**31)])),
    "exponent 7": batch(column([1], exponent=7)),
    "sensor 256": batch(column([1], sensor_no=256)),
    "variable 0": batch(column([1], variable=0)),
    "statistic 8": batch(column([1], statistic=8)),
    "a time before 1970": batch(column([1]), times_ms=[-1]),
    "a time after the end": batch(column([1]), times_ms=[(UINT32 + 1) * 1000]),
    "times that stand": batch(column([1, 2]), times_ms=[5, 5]),
    "times that fall": batch(column([1, 2, 3]), times_ms=[5, 7, 6]),
    "reason 24": batch(column([None], null_reasons=[[0, 24]])),
    "quality good, said": batch(column([1], qualities=[[0, 1]])),
    "a quality beyond the records": batch(column([1], qualities=[[1, 3]])),
    "a quality of a missing value": batch(column([None], qualities=[[0, 3]])),
    "a reset of no running total": batch(column([1], resets=[0])),
    "resets not in order": batch(column([1, 2], statistic=7, resets=[1, 0])),
    "a gap that falls": batch(column([1]), gaps=[[5, 4]]),
    "33 gaps": batch(column([1]), gaps=[[2 * index, 2 * index] for index in range(33)]),
    "clock quality 3": batch(column([1]), clock_quality=3),
}


@pytest.mark.parametrize("said", UNSAYABLE.values(), ids=UNSAYABLE)
def test_the_encoder_refuses_what_the_wire_cannot_say(said):
    messages = BUILDS["pure"]("messages")
    with pytest.raises(messages.EncodeError):
        meaning.encode("data", said, messages)


def test_a_missing_value_without_a_reason_was_not_read():
    messages = BUILDS["pure"]("messages")
    payload = meaning.encode("data", batch(column([1, None])), messages)
    assert messages.decode_data(payload).columns[0].null_reasons == {1: 1}


def test_a_batch_is_written_where_the_caller_says():
    messages = BUILDS["pure"]("messages")
    said = meaning.to_batch(batch(column([1, 2])), messages)
    payload = messages.encode_data(said)
    buffer = bytearray(b"\xee" * (len(payload) + 10))
    end = messages.encode_data_into(said, buffer, 7)
    assert buffer == b"\xee" * 7 + payload + b"\xee" * 3
    assert end == 7 + len(payload)


def test_a_buffer_too_small_is_an_error_and_not_a_short_message():
    messages = BUILDS["pure"]("messages")
    said = meaning.to_batch(batch(column([1, 2, 5])), messages)
    size = len(messages.encode_data(said))
    for short in range(size):
        with pytest.raises(messages.EncodeError):
            messages.encode_data_into(said, bytearray(short))


@pytest.mark.parametrize("build", BUILDS)
def test_the_identity_of_a_later_version_can_be_read(build):
    messages = BUILDS[build]("messages")
    payload = bytearray(meaning.encode("data", batch(column([1, 2]), log_id=9), messages))
    payload[0] += 1  # one item more
    payload[2] = 2  # the version
    payload.append(0)
    assert messages.read_identity(bytes(payload)) == (9, 1000, 2)
    with pytest.raises(messages.DecodeError, match="unknown-version"):
        messages.decode_data(bytes(payload))
