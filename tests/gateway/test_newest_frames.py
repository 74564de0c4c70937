"""What followers are given from memory is what they would have read from the disk."""

import pytest

from gateway.entries import DATA, Frame
from gateway.newest_frames import FRAMES_LIMIT, PAYLOAD_BYTES_LIMIT, NewestFrames


def frames(first, last, payload=b""):
    return [Frame(DATA, "upper", 5, b"key", 7, 0, 0, (0,), payload, seq) for seq in range(first, last + 1)]


@pytest.fixture
def newest():
    newest = NewestFrames()
    newest.add(frames(4, 6))
    newest.add(frames(7, 9))
    return newest


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [(3, 100, (4, 9)), (5, 100, (6, 9)), (5, 2, (6, 7)), (8, 100, (9, 9)), (9, 100, (10, 9)), (12, 100, (13, 9))],
    ids=["all", "from between", "no more than asked", "the last", "none at the head", "none beyond it"],
)
def test_a_follower_gets_what_is_behind_its_cursor(newest, after, limit, expected):
    assert newest.after(after, limit) == frames(*expected)


@pytest.mark.parametrize("after", [0, 2])
def test_who_is_too_far_behind_is_sent_to_the_disk(newest, after):
    assert newest.after(after, 100) is None


def test_with_nothing_in_memory_everyone_is_sent_to_the_disk(newest):
    newest.clear()
    assert newest.after(9, 100) is None
    assert NewestFrames().after(0, 100) is None


def test_frames_behind_a_gap_take_the_place_of_those_before_it(newest):
    newest.add(frames(12, 13))
    assert newest.after(8, 100) is None
    assert newest.after(11, 100) == frames(12, 13)


@pytest.mark.parametrize(
    ("count", "payload"), [(3 * FRAMES_LIMIT, b""), (40, bytes(PAYLOAD_BYTES_LIMIT // 10))], ids=["frames", "bytes"]
)
def test_the_oldest_go_when_there_are_too_many(count, payload):
    newest = NewestFrames()
    for seq in range(1, count + 1, 10):
        newest.add(frames(seq, seq + 9, payload))
    assert newest.after(0, 1) is None
    kept = newest.after(count - 1, 100)
    assert kept == frames(count, count, payload)
    assert len(newest._frames) <= FRAMES_LIMIT
    assert newest._payload_bytes == sum(len(frame.payload) for frame in newest._frames) <= PAYLOAD_BYTES_LIMIT


def test_frames_larger_than_all_the_room_are_left_to_the_disk():
    newest = NewestFrames()
    newest.add(frames(1, 2, bytes(PAYLOAD_BYTES_LIMIT)))
    assert newest.after(0, 2) is None
    assert newest.after(2, 2) is None
