# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What makes a station measure faster: one value of its records, or how fast that value rises.

A discharge is what a sensor measures, or what the station's rating gives for the stage; the latter is used here and
published nowhere.
"""

from protocol.variables import COUNT, MAX, MEAN, MIN, STD, code_of

LEVEL = "level"
RISE_RATE = "rise_rate"
HOUR_S = 3600
ABOVE_TABLE = float("inf")  # a discharge that is not known, but larger than all of a table and so than any limit in it


class Trigger:
    """`settings` as in station.json, `channels` those of a record; `rating` are the arguments of a RatingTable, None
    where a sensor measures what the trigger goes by.
    """

    def __init__(self, settings, channels, rating):
        self._is_rate = settings["kind"] == RISE_RATE
        self._over_s = settings["over_s"] if self._is_rate else 0
        self._rating = None
        self._place = _place(channels, settings["sensor_no"], settings["variable"])
        if self._place is None and rating is not None:
            from protocol.rating import RatingTable

            self._rating = RatingTable(*rating)
            self._place = _place(channels, settings["sensor_no"], "stage_m")
        if self._place is None:
            raise ValueError("no %(variable)s of sensor %(sensor_no)d in a record to trigger on" % settings)
        self._unit = 10 ** channels[self._place][3]
        self._name = settings["variable"]

    def evidence(self, samples):
        """Return what is compared with the limits after the newest of `samples`, None where that cannot be told."""
        newest = self._value(samples[-1])
        if newest is None or not self._is_rate:
            return newest
        newest_s = samples[-1].monotonic_s
        for sample in samples[:-1]:
            elapsed_s = newest_s - sample.monotonic_s
            # Over less than half of the time asked for, noise would pass for a rise.
            if elapsed_s <= self._over_s and 2 * elapsed_s >= self._over_s:
                before = self._value(sample)
                if before is not None:
                    return (newest - before) * HOUR_S / elapsed_s
        return None

    def describe(self, evidence):
        """Return evidence in words."""
        if evidence == ABOVE_TABLE:
            return "%s not known, the stage lies above the rating table" % self._name
        return "%s %.3f%s" % (self._name, evidence, " per hour" if self._is_rate else "")

    def _value(self, sample):
        mantissa, _ = sample.values[self._place]
        if mantissa is None:
            return None
        value = mantissa * self._unit
        return value if self._rating is None else rated_discharge_m3_s(self._rating, value)


def rated_discharge_m3_s(rating, stage_m):
    """Return the discharge; outside the table it is not known: None below, ABOVE_TABLE above, where it only rises."""
    if stage_m > rating.stages_m[-1]:
        return ABOVE_TABLE
    return rating.discharge_m3_s(stage_m)


_OTHERS = (MEAN, MIN, MAX, STD, COUNT)  # statistics beside the value itself


def _place(channels, sensor_no, variable):
    code = code_of(variable)
    for place, (number, of_channel, statistic, _, _) in enumerate(channels):
        if number == sensor_no and of_channel == code and statistic not in _OTHERS:
            return place
    return None
