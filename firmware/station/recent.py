# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The last samples of a station, in the few hundred bytes of memory that outlast a deep sleep."""

import struct

from .slots import VALUE_BYTES, decode_values, encode_values

BYTES = 600  # of all samples together; rivergauge/basin/adaptive.py refuses a configuration that needs more
_HEAD = "<II"
_HEAD_BYTES = struct.calcsize(_HEAD)


def samples_that_fit(value_count):
    """Return how many samples of so many values are kept."""
    return (BYTES - 1) // (_HEAD_BYTES + VALUE_BYTES * value_count)


class Sample:
    """`instant_s` is the instant it was due at, as the station counted then; `monotonic_s` when that was."""

    __slots__ = ("instant_s", "monotonic_s", "values")

    def __init__(self, instant_s, monotonic_s, values):
        self.instant_s = instant_s
        self.monotonic_s = monotonic_s
        self.values = values


class RecentSamples:
    """Samples, oldest first; what is older than `keep_s`, or does not fit, is forgotten. `kept` is what `pack` gave."""

    def __init__(self, value_count, keep_s, kept=b""):
        self.samples = []
        self._value_count = value_count
        self._keep_s = keep_s
        step = _HEAD_BYTES + VALUE_BYTES * value_count
        if kept[:1] == bytes((value_count,)):  # else of another configuration
            for at in range(1, len(kept), step):
                values = decode_values(kept, at + _HEAD_BYTES, value_count)
                self.samples.append(Sample(*struct.unpack_from(_HEAD, kept, at), values))

    def add(self, sample):
        self.samples.append(sample)
        oldest_s = sample.monotonic_s - self._keep_s
        fresh = [each for each in self.samples if oldest_s <= each.monotonic_s <= sample.monotonic_s]
        self.samples = fresh[-samples_that_fit(self._value_count) :]

    def pack(self):
        """Return the bytes to keep."""
        step = _HEAD_BYTES + VALUE_BYTES * self._value_count
        buffer = bytearray(1 + step * len(self.samples))
        buffer[0] = self._value_count
        for index, sample in enumerate(self.samples):
            at = 1 + step * index
            struct.pack_into(_HEAD, buffer, at, sample.instant_s, sample.monotonic_s)
            encode_values(sample.values, buffer, at + _HEAD_BYTES)
        return bytes(buffer)
