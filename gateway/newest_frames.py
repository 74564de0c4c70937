"""The frames that the journal was given last, kept in memory for those who follow it closely."""

import threading
from collections.abc import Sequence

from gateway.entries import Frame

__all__ = ["NewestFrames"]

FRAMES_LIMIT = 10_000
PAYLOAD_BYTES_LIMIT = 8_000_000


class NewestFrames:
    """A stretch of frames without a gap, up to the journal's head. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: list[Frame] = []
        self._payload_bytes = 0

    def add(self, frames: Sequence[Frame]) -> None:
        """Take frames that are on disk now, in the order of their seq."""
        with self._lock:
            if frames and self._frames and frames[0].seq != self._frames[-1].seq + 1:
                self._drop(len(self._frames))
            self._frames += frames
            self._payload_bytes += sum(len(frame.payload) for frame in frames)
            while len(self._frames) > FRAMES_LIMIT or self._payload_bytes > PAYLOAD_BYTES_LIMIT:
                # Half of them, so that the rest is not moved for every frame.
                self._drop(len(self._frames) // 2 + 1)

    def clear(self) -> None:
        with self._lock:
            self._drop(len(self._frames))

    def after(self, seq: int, limit: int) -> list[Frame] | None:
        """Return up to `limit` frames behind `seq`; None where the first of them may be on disk alone."""
        with self._lock:
            if not self._frames or seq < self._frames[0].seq - 1:
                return None
            start = seq - self._frames[0].seq + 1
            return self._frames[start : start + limit]

    def _drop(self, number: int) -> None:
        self._payload_bytes -= sum(len(frame.payload) for frame in self._frames[:number])
        del self._frames[:number]
