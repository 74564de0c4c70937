# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What the battery allows, and what each cycle of a wake and the sleep after it costs.

The law this file keeps: a tier is entered at once, and left only when the battery stands clearly above its limit, so
that a battery that recovers as soon as nothing loads it does not switch to and fro.
"""

import struct

# Tiers, from a full battery to an empty one.
EVERYTHING = 0
ALARMS_ONLY = 1  # the radio is for a raised trigger alone
LOG_ONLY = 2  # no radio, no samples between records
SLEEP = 3  # nothing is measured; the battery is looked at from time to time

LIMITS = ("alarms_only_below_v", "log_only_below_v", "sleep_below_v")  # members of the settings, a tier each
_LAYOUT = "<BBIIIIQII"
_HOUR_MS = 3_600_000


class Power:
    """`settings` as in station.json, None where the supply never ends; `kept` is what `pack` gave before the sleep.

    `is_restart` says that the supply was away before this wake: it may have been the battery, so the tier is that of
    one that recovers.
    """

    def __init__(self, settings, kept, is_restart=False):
        self.tier = EVERYTHING
        self.was_asleep = False  # in the wake before, and for the instants between
        self.has_fallen = False  # to a lower tier, with this wake
        self._settings = settings
        self._is_restart = is_restart
        self._told_tier = EVERYTHING
        self._cycles = 0  # whole ones since power came on
        self._durations_ms = (0, 0, 0)  # of the last wake: awake, with the radio on, with sensors supplied
        self._asleep_from_ms = None
        self._charge_uah = 0  # of the last cycle
        self._total_uah = 0  # since power came on
        self._began_ms = 0
        self._radio_ms = 0
        self._sensors_ms = 0
        if len(kept) == struct.calcsize(_LAYOUT):
            numbers = struct.unpack(_LAYOUT, kept)
            self.tier, self._told_tier, self._cycles = numbers[:3]
            self._durations_ms = numbers[3:6]
            self._asleep_from_ms, self._charge_uah, self._total_uah = numbers[6:]
            self.was_asleep = self.tier == SLEEP

    def begin(self, monotonic_ms, battery_v):
        """Begin a wake: account for the cycle that ends with it, and choose the tier; a voltage None tells nothing."""
        self._began_ms = monotonic_ms
        if self._asleep_from_ms is not None:
            self._cycles += 1
            if self._settings is not None:
                self._charge_uah = self._cycle_uah(max(0, monotonic_ms - self._asleep_from_ms))
                self._total_uah += self._charge_uah
        if self._settings is None or battery_v is None:
            return
        before = SLEEP if self._is_restart else self.tier
        limits = [self._settings[name] for name in LIMITS]
        entered = sum(battery_v < limit for limit in limits)
        kept = sum(battery_v < limit + self._settings["hysteresis_v"] for limit in limits)
        self.tier = max(entered, min(before, kept))
        self.has_fallen = self.tier > before

    @property
    def has_news(self):
        """True while the tier has changed and no exchange has been tried since."""
        return self.tier != self._told_tier

    def may_use_radio(self, is_raised):
        """True when the tier allows the radio, a trigger being raised or not; that it sends less is said once."""
        if self.tier == ALARMS_ONLY:
            return is_raised or self.has_news
        return self.tier == EVERYTHING

    def note_exchange(self):
        self._told_tier = self.tier

    def note_radio(self, duration_ms):
        self._radio_ms += duration_ms

    def note_sensors(self, duration_ms):
        self._sensors_ms += duration_ms

    def pack(self, monotonic_ms):
        """Return the bytes to keep through the sleep that begins now."""
        return struct.pack(
            _LAYOUT,
            self.tier,
            self._told_tier,
            self._cycles,
            max(0, monotonic_ms - self._began_ms),
            self._radio_ms,
            self._sensors_ms,
            monotonic_ms,
            self._charge_uah,
            min(0xFFFFFFFF, self._total_uah),
        )

    def facts(self):
        """Return what is reported of the supply; the durations and `charge_uah` are those of the last whole cycle."""
        awake_ms, radio_ms, _ = self._durations_ms
        facts = {
            "battery_tier": self.tier,
            "cycles": self._cycles,
            "awake_ms": awake_ms,
            "radio_ms": radio_ms,
        }
        if self._settings is not None:
            facts["charge_uah"] = self._charge_uah
            facts["charge_mah"] = self._total_uah // 1000
        return facts

    def _cycle_uah(self, asleep_ms):
        """Return the charge of the last wake and of the sleep after it, by the currents that the settings give."""
        awake_ms, radio_ms, sensors_ms = self._durations_ms
        settings = self._settings
        ms_ma = awake_ms * settings["awake_ma"] + radio_ms * settings["radio_ma"] + sensors_ms * settings["sensors_ma"]
        return round((ms_ma + asleep_ms * settings["asleep_ma"]) * 1000 / _HOUR_MS)
