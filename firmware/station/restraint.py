# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""When not to use the network: after exchanges that failed, and beyond the day's budget of bytes."""

FIRST_BACKOFF_MS = 600_000  # after the second failure in a row; the first is tried again at the next wake
BACKOFF_LIMIT_MS = 3_600_000  # a gateway that came back hears of a flood within the hour
DAY_MS = 86_400_000


class Restraint:
    """Kept in `memory`; `bytes_per_day` None is no budget."""

    def __init__(self, board, memory, bytes_per_day):
        self._board = board
        self._memory = memory
        self._bytes_per_day = bytes_per_day

    def holds_back(self):
        """True while it is too early to try again."""
        return self._board.monotonic_ms() < self._memory.next_exchange_s * 1000

    def note_exchange(self, was_answered):
        """Take note of how an exchange ended."""
        memory = self._memory
        if was_answered:
            memory.failed_exchanges = memory.next_exchange_s = 0
            return
        memory.failed_exchanges = min(255, memory.failed_exchanges + 1)
        if memory.failed_exchanges > 1:
            delay_ms = min(BACKOFF_LIMIT_MS, FIRST_BACKOFF_MS << min(8, memory.failed_exchanges - 2))
            # Up to a quarter less, by chance, so that stations that lost one broker do not come back all at once.
            delay_ms -= delay_ms * self._board.random_bytes(1)[0] // 1024
            memory.next_exchange_s = (self._board.monotonic_ms() + delay_ms) // 1000

    def spend(self, byte_count, utc_ms):
        """Take note of bytes sent and received at a time, None where it is not known."""
        day = self._memory.day if utc_ms is None else utc_ms // DAY_MS
        if day != self._memory.day:
            self._memory.day = day
            self._memory.bytes_today = 0
        self._memory.bytes_today = min(0xFFFFFFFF, self._memory.bytes_today + byte_count)

    def is_spent(self, byte_count):
        """True when the day's budget does not allow these bytes on top of what is noted."""
        return self._bytes_per_day is not None and self._memory.bytes_today + byte_count > self._bytes_per_day
