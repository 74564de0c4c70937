"""Whether the time of a record can be true: not ahead of the gateway's clock, and not before the station was there.

A record whose time is doubted is stored like any other, raw and as the station sent it: the doubt is a revision beside
it, under the rule that raised it, and counted. No I/O, no clock.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from rivergauge.basin import Basin

__all__ = ["AHEAD", "AHEAD_ALLOWANCE_MS", "BEFORE_COMMISSIONING", "TIME_RULES", "Plausibility"]

AHEAD = "time-ahead"
BEFORE_COMMISSIONING = "time-before-commissioning"
TIME_RULES = (AHEAD, BEFORE_COMMISSIONING)

# No station measures what is not over yet; two clocks that are set by SNTP differ by much less than this.
AHEAD_ALLOWANCE_MS = 300_000
# Where the basin file does not say since when a station is there. Clocks that were never set begin in 1970 or 2000.
CLOCKS_WERE_SET_MS = 978_307_200_000  # 2001-01-01T00:00:00Z


class Plausibility:
    """Knows since when each station of a basin has been measuring."""

    def __init__(self, basin: Basin) -> None:
        self._begins_ms = {
            station.id: round(station.commissioned.timestamp() * 1000)
            for station in basin.stations
            if station.commissioned is not None
        }

    def is_sound(self, station: str, first_ms: int, last_ms: int, received_at_ms: int) -> bool:
        """Tell whether every time from the first to the last can be true."""
        return self._begins(station) <= first_ms and last_ms <= received_at_ms + AHEAD_ALLOWANCE_MS

    def doubts(self, station: str, times_ms: Sequence[int], received_at_ms: int) -> list[tuple[int, str]]:
        """Return (index, rule) of each time that cannot be true; the times rise strictly, as those of a batch do."""
        if self.is_sound(station, times_ms[0], times_ms[-1], received_at_ms):
            return []
        early = range(bisect_left(times_ms, self._begins(station)))
        late = range(bisect_right(times_ms, received_at_ms + AHEAD_ALLOWANCE_MS), len(times_ms))
        return [(index, BEFORE_COMMISSIONING) for index in early] + [(index, AHEAD) for index in late]

    def _begins(self, station: str) -> int:
        return self._begins_ms.get(station, CLOCKS_WERE_SET_MS)
