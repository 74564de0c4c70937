"""What the thresholds have seen: observations of one variable at one station, kept for a while in the journal."""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from protocol.quality import MISSING

__all__ = ["OBSERVATION_BYTES", "Seen", "in_order_of_time", "pack", "unpack"]


OBSERVATION_BYTES = 17  # of a packed one: time, value and quality


class Seen(NamedTuple):
    at_ms: int
    value: float | None
    quality: int


def pack(observations: Sequence[Seen]) -> bytes:
    """Return them as bytes: all times, all values, all qualities. A value that is absent has quality MISSING."""
    times = array("q", (each.at_ms for each in observations))
    values = array("d", (0.0 if each.value is None else each.value for each in observations))
    qualities = bytes(MISSING if each.value is None else each.quality for each in observations)
    return times.tobytes() + values.tobytes() + qualities


def unpack(packed: bytes) -> Iterable[Seen]:
    count = len(packed) // OBSERVATION_BYTES
    times, values = array("q", packed[: 8 * count]), array("d", packed[8 * count : 16 * count])
    for at_ms, value, quality in zip(times, values, packed[16 * count :], strict=True):
        yield Seen(at_ms, None if quality == MISSING else value, quality)


def in_order_of_time(observations: Iterable[Seen]) -> list[Seen]:
    return sorted(observations, key=lambda each: each.at_ms)
