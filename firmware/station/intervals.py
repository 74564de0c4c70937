# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""How often a station takes a sample, makes a record and sends: as configured, and as its battery allows."""

from .power import LOG_ONLY, SLEEP

SLEEP_LOOK_MS = 3_600_000  # how often a sleeping station looks at its battery


def intervals_for(configuration, channels, kept, tier):
    """Return the intervals of this wake; `kept` is what their `pack` gave before the last deep sleep."""
    if configuration.adaptive is None or tier >= LOG_ONLY:
        intervals = FixedIntervals(configuration)
        if tier == SLEEP:
            intervals.wake_every_ms = sleep_look_every_ms(configuration.record_every_ms)
        return intervals
    # Few stations have a trigger; the others are spared the loading.
    from .adaptive import AdaptiveIntervals

    return AdaptiveIntervals(configuration, channels, kept)


def sleep_look_every_ms(record_every_ms):
    """Return how often a sleeping station looks at its battery: at instants of its records, about hourly."""
    return record_every_ms * max(1, SLEEP_LOOK_MS // record_every_ms)


class FixedIntervals:
    """The intervals of a station without a trigger: every sample is a record (adaptive.py has those of one with)."""

    is_raised = False
    has_begun = False

    def __init__(self, configuration):
        self.wake_every_ms = self.record_every_ms = configuration.record_every_ms
        self.send_every_ms = configuration.send_every_ms

    def take(self, instant_ms, monotonic_ms, values):
        return [(instant_ms, values)]

    def forget_samples(self):
        pass

    def pack(self):
        return b""
