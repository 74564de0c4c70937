# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Intervals that a trigger changes, and the samples from before it that become records.

The law this file keeps: every instant is a multiple of the interval in force, and every instant of the slow interval is
one of the fast one too, so that nothing drifts and no scheduled record is missing, whatever the trigger does.
"""

import struct

from .recent import RecentSamples, Sample
from .trigger import Trigger

_STATE = "<BII"
STATE_BYTES = struct.calcsize(_STATE)
_CLOCK_STEP_S = 60  # samples whose instants were counted by a clock that differs by more do not become records


class AdaptiveIntervals:
    """As intervals.FixedIntervals; `kept` is what `pack` gave before the last deep sleep.

    While all is quiet a sample is taken every `wake_every_ms`, and one of each `record_every_ms` becomes a record. The
    sample that raises the trigger does too, and those before it that no record was made of.
    """

    def __init__(self, configuration, channels, kept):
        settings = configuration.adaptive
        self._slow_record_ms = configuration.record_every_ms
        self._slow_wake_ms = _dividing(configuration.sample_every_ms, self._slow_record_ms)
        self._fast_record_ms = _dividing(settings["record_every_s"] * 1000, self._slow_record_ms)
        self._slow_send_ms = configuration.send_every_ms
        self._fast_send_ms = min(self._slow_send_ms, settings["send_every_s"] * 1000)
        self._raise_value = settings["raise_value"]
        self._clear_value = settings["clear_value"]
        self._clear_after_s = settings["clear_after_s"]
        self._pre_trigger_s = settings["pre_trigger_s"]
        self._trigger = Trigger(settings, channels, configuration.rating)
        self.is_raised = False
        self.has_begun = False  # raised by the sample taken last, and by what of it:
        self.reason = ""
        self._beyond_s = 0  # monotonic time when there was last evidence for the trigger to stay raised
        self._recorded_s = 0  # monotonic time of the last sample that became a record
        if len(kept) >= STATE_BYTES:
            is_raised, self._beyond_s, self._recorded_s = struct.unpack_from(_STATE, kept)
            self.is_raised = bool(is_raised)
        keep_s = max(self._pre_trigger_s, settings.get("over_s", 0))
        self._recent = RecentSamples(len(channels), keep_s, kept[STATE_BYTES:])

    @property
    def wake_every_ms(self):
        return self._fast_record_ms if self.is_raised else self._slow_wake_ms

    @property
    def record_every_ms(self):
        return self._fast_record_ms if self.is_raised else self._slow_record_ms

    @property
    def send_every_ms(self):
        return self._fast_send_ms if self.is_raised else self._slow_send_ms

    def take(self, instant_ms, monotonic_ms, values):
        """Take the sample of an instant; return the (instant_ms, values) that become records, oldest first."""
        sample = Sample(instant_ms // 1000, max(0, monotonic_ms) // 1000, values)
        self._recent.add(sample)
        was_raised = self.is_raised
        self._follow(sample.monotonic_s)
        self.has_begun = self.is_raised and not was_raised
        if not (was_raised or self.is_raised or instant_ms % self._slow_record_ms == 0):
            return []
        records = [(each.instant_s * 1000, each.values) for each in self._before(sample)] if self.has_begun else []
        self._recorded_s = sample.monotonic_s
        return records + [(instant_ms, values)]

    def forget_samples(self):
        """Make no record of earlier samples: records of later instants have been made."""
        self._recent.samples = []

    def pack(self):
        """Return the bytes to keep."""
        return struct.pack(_STATE, self.is_raised, self._beyond_s, self._recorded_s) + self._recent.pack()

    def _follow(self, monotonic_s):
        evidence = self._trigger.evidence(self._recent.samples)
        # A value that is missing is no evidence: it raises nothing, and a sensor that the flood took clears in the end.
        if evidence is not None and evidence >= (self._clear_value if self.is_raised else self._raise_value):
            if not self.is_raised:
                self.reason = self._trigger.describe(evidence)
            self.is_raised = True
            self._beyond_s = monotonic_s
        elif self.is_raised and monotonic_s - self._beyond_s >= self._clear_after_s:
            self.is_raised = False

    def _before(self, sample):
        """Return the samples from before the trigger that are no records yet."""
        ahead_s = sample.instant_s - sample.monotonic_s
        return [
            each
            for each in self._recent.samples[:-1]
            if max(self._recorded_s + 1, sample.monotonic_s - self._pre_trigger_s) <= each.monotonic_s
            and abs(each.instant_s - each.monotonic_s - ahead_s) <= _CLOCK_STEP_S
        ]


def _dividing(part_ms, whole_ms):
    """Return the part where the whole is a multiple of it, else the whole: one was ordered that does not fit."""
    return part_ms if whole_ms % part_ms == 0 else whole_ms
