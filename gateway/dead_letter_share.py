"""How much of the journal the dead letters of one topic take: a station with nothing else to send must not fill it.

The law this file keeps: no dead letter of a station is dropped to make room for another. Beyond the share, what would
become one is not taken, so that the station keeps it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from gateway.entries import DeadLetter

__all__ = ["SHARE", "DeadLetterShare"]

SHARE = 0.02  # of the journal's limit; a station has four topics
LOOK_AGAIN_S = 60.0  # people drop dead letters without the gateway being told


class DeadLetterShare:
    """Counts the bytes of authenticated dead letters by topic. `read` returns those that the journal keeps."""

    def __init__(
        self, limit_bytes: int, read: Callable[[], Mapping[str, int]], monotonic_s: Callable[[], float]
    ) -> None:
        self._limit_bytes = limit_bytes
        self._read = read
        self._monotonic_s = monotonic_s
        self._look()

    def add(self, letters: Iterable[DeadLetter]) -> None:
        """Count what is about to be kept."""
        for letter in letters:
            if letter.authenticated:
                self._bytes[letter.topic] += len(letter.payload)

    def is_used_up(self, topic: str) -> bool:
        """Tell whether no more is to be kept of a topic."""
        if self._bytes[topic] >= self._limit_bytes and self._monotonic_s() - self._looked_s >= LOOK_AGAIN_S:
            self._look()
        return self._bytes[topic] >= self._limit_bytes

    def _look(self) -> None:
        self._bytes = Counter(self._read())
        self._looked_s = self._monotonic_s()
