# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A trigger at work: whether it is raised, and the samples that become records.

Loaded for one sample and let go again; what has to outlast that is in the bytes that `pack` returns.
"""

import struct

from .recent import RecentSamples, Sample
from .trigger import Trigger

_STATE = "<BII"
STATE_BYTES = struct.calcsize(_STATE)  # the first of them: whether the trigger is raised
_CLOCK_STEP_S = 60  # samples whose instants were counted by a clock that differs by more do not become records


class Watch:
    """`configuration.adaptive` says what raises the trigger; `kept` is what `pack` gave after the sample before."""

    def __init__(self, configuration, channels, kept):
        settings = configuration.adaptive
        self._raise_value = settings["raise_value"]
        self._clear_value = settings["clear_value"]
        self._clear_after_s = settings["clear_after_s"]
        self._pre_trigger_s = settings["pre_trigger_s"]
        self._record_every_ms = configuration.record_every_ms
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

    def take(self, instant_ms, monotonic_ms, values):
        """Take the sample of an instant; return the (instant_ms, values) that become records, oldest first."""
        sample = Sample(instant_ms // 1000, max(0, monotonic_ms) // 1000, values)
        self._recent.add(sample)
        was_raised = self.is_raised
        self._follow(sample.monotonic_s)
        self.has_begun = self.is_raised and not was_raised
        if not (was_raised or self.is_raised or instant_ms % self._record_every_ms == 0):
            return []
        records = [(each.instant_s * 1000, each.values) for each in self._before(sample)] if self.has_begun else []
        self._recorded_s = sample.monotonic_s
        return records + [(instant_ms, values)]

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
