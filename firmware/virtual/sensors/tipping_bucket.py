"""A tipping bucket rain gauge: a reed contact that closes once for each bucket of rain."""

__all__ = ["TippingBucket"]

SHOWER_PERIOD_MS = 6 * 3_600_000  # a shower begins at 00, 06, 12 and 18 UTC
SHOWER_MS = 3_600_000
TIP_EVERY_MS = 90_000  # in a shower: with 0.2 mm a tip 8 mm in the hour
TIPS_OF_SHOWER = SHOWER_MS // TIP_EVERY_MS


class TippingBucket:
    """Rain by the clock, so that what a counter has to say can be worked out for any two instants."""

    def tips(self, from_ms: int, to_ms: int) -> int:
        """Return the tips after `from_ms` up to and including `to_ms`."""
        return self._tips_until(to_ms) - self._tips_until(from_ms)

    def _tips_until(self, at_ms: int) -> int:
        showers, within_ms = divmod(at_ms, SHOWER_PERIOD_MS)
        return showers * TIPS_OF_SHOWER + min(within_ms, SHOWER_MS) // TIP_EVERY_MS
