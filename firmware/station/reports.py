# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What is told beside records: once a day how the station is, and after a reset what went wrong before it."""

from .health import health_facts

DAY_MS = 86_400_000


class Reports:
    """The events that are due in one exchange, each (name, detail, facts); `told` when the broker has them all."""

    def __init__(self, board, memory, black_box):
        self._board = board
        self._memory = memory
        self._black_box = black_box
        self._has_black_box = self._has_health = False

    def due(self, utc_ms, queue, clock, power, counters):
        """Return the events; health is told at every boot, and then with the first exchange of a day in UTC."""
        memory = self._memory
        events = []
        if not memory.is_born:
            text = self._black_box.untold()
            if text:
                self._has_black_box = True
                events.append(("black-box", text, None))
        if not memory.is_born or self._day(utc_ms) != memory.health_day:
            self._has_health = True
            facts = health_facts(self._board, memory, queue, clock, power, counters)
            events.append(("health", "", facts))
        return events

    def told(self, utc_ms, counters):
        """Keep that the events went out, so that none is told again."""
        if self._has_health:
            self._memory.health_day = self._day(utc_ms)
            counters.save()
        if self._has_black_box:
            self._black_box.mark_told()

    def _day(self, utc_ms):
        return self._memory.health_day if utc_ms is None else utc_ms // DAY_MS
