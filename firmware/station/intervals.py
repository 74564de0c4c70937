# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""How often a station takes a sample, makes a record and sends: as configured, as its trigger and its battery have it.

The law this file keeps: every instant is a multiple of the interval in force, and every instant of the slow interval is
one of the fast one too, so that nothing drifts and no scheduled record is missing, whatever a trigger does.
"""

from .loading import PassingModules
from .power import LOG_ONLY, SLEEP

SLEEP_LOOK_MS = 3_600_000  # how often a sleeping station looks at its battery


def intervals_for(configuration, channels, kept, tier):
    """Return the intervals of this wake; `kept` is what their `pack` gave before the last deep sleep."""
    if configuration.adaptive is not None and tier < LOG_ONLY:
        return AdaptiveIntervals(configuration, channels, kept)
    intervals = FixedIntervals(configuration)
    if tier == SLEEP:
        intervals.wake_every_ms = sleep_look_every_ms(configuration.record_every_ms)
    return intervals


def sleep_look_every_ms(record_every_ms):
    """Return how often a sleeping station looks at its battery: at instants of its records, about hourly."""
    return record_every_ms * max(1, SLEEP_LOOK_MS // record_every_ms)


class FixedIntervals:
    """The intervals of a station without a trigger: every sample is a record."""

    is_raised = False
    has_begun = False

    def __init__(self, configuration):
        self.wake_every_ms = self.record_every_ms = configuration.record_every_ms
        self.send_every_ms = configuration.send_every_ms

    def take(self, instant_ms, monotonic_ms, values):
        """Take the sample of an instant; return the (instant_ms, values) that become records, oldest first."""
        return [(instant_ms, values)]

    def forget_samples(self):
        """Make no record of earlier samples: records of later instants have been made."""

    def pack(self):
        """Return the bytes to keep."""
        return b""


class AdaptiveIntervals:
    """Those of a station with a trigger: quiet, a sample every `wake_every_ms`, and one of each `record_every_ms` is a
    record; raised, every sample of a shorter interval is, and so are those from before that no record was made of.
    """

    def __init__(self, configuration, channels, kept):
        settings = configuration.adaptive
        slow_ms, slow_send_ms = configuration.record_every_ms, configuration.send_every_ms
        fast_ms = _dividing(settings["record_every_s"] * 1000, slow_ms)
        # (a sample, a record, a sending) every so many ms
        self._slow_ms = (_dividing(configuration.sample_every_ms, slow_ms), slow_ms, slow_send_ms)
        self._fast_ms = (fast_ms, fast_ms, min(slow_send_ms, settings["send_every_s"] * 1000))
        self._configuration = configuration
        self._channels = channels
        self._kept = kept
        self.has_begun = False  # raised by the sample taken last, and by what of it:
        self.reason = ""

    @property
    def is_raised(self):
        return self._kept[:1] == b"\x01"

    @property
    def wake_every_ms(self):
        return (self._fast_ms if self.is_raised else self._slow_ms)[0]

    @property
    def record_every_ms(self):
        return (self._fast_ms if self.is_raised else self._slow_ms)[1]

    @property
    def send_every_ms(self):
        return (self._fast_ms if self.is_raised else self._slow_ms)[2]

    def take(self, instant_ms, monotonic_ms, values):
        with PassingModules():
            from .adaptive import Watch

            watch = Watch(self._configuration, self._channels, self._kept)
            records = watch.take(instant_ms, monotonic_ms, values)
            self._kept = watch.pack()
            self.has_begun, self.reason = watch.has_begun, watch.reason
        return records

    def forget_samples(self):
        with PassingModules():
            from .adaptive import STATE_BYTES
        self._kept = self._kept[:STATE_BYTES]

    def pack(self):
        return self._kept


def _dividing(part_ms, whole_ms):
    """Return the part where the whole is a multiple of it, else the whole: one was ordered that does not fit."""
    return part_ms if whole_ms % part_ms == 0 else whole_ms
