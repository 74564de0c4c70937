# Shared dialect: runs on MicroPython and CPython.
"""Rating tables: discharge from stage, on the gateway and on the station."""

from math import exp, log

LINEAR = "linear"
LOG = "log"


class RatingError(ValueError):
    """A table that is not a rating; the text says which point is wrong and what was expected."""


class RatingTable:
    """Points of stage in m and discharge in m3/s, both rising.

    `interpolation` is LINEAR in both, or LOG: linear in the logarithm of discharge between two points with flow (linear
    where the lower one has none). Raises RatingError for a table that does not rise or has fewer than two points.
    """

    __slots__ = ("discharges_m3_s", "identifier", "interpolation", "stages_m")

    def __init__(
        self, identifier: str, stages_m: list[float], discharges_m3_s: list[float], interpolation: str = LINEAR
    ) -> None:
        if interpolation not in (LINEAR, LOG):
            raise RatingError("rating %s: interpolation %r, expected linear or log" % (identifier, interpolation))
        if len(stages_m) != len(discharges_m3_s) or len(stages_m) < 2:
            raise RatingError(
                "rating %s: %d stages and %d discharges, expected equally many and at least two"
                % (identifier, len(stages_m), len(discharges_m3_s))
            )
        if not discharges_m3_s[0] >= 0:
            raise RatingError("rating %s: discharge %r, expected 0 or more" % (identifier, discharges_m3_s[0]))
        for index in range(1, len(stages_m)):
            # `not a > b` rather than `a <= b`: a NaN must not pass.
            if not stages_m[index] > stages_m[index - 1] or not discharges_m3_s[index] >= discharges_m3_s[index - 1]:
                raise RatingError(
                    "rating %s: point %d (%r m, %r m3/s) does not rise from the one before"
                    % (identifier, index + 1, stages_m[index], discharges_m3_s[index])
                )
        self.identifier = identifier
        self.stages_m = stages_m
        self.discharges_m3_s = discharges_m3_s
        self.interpolation = interpolation

    def discharge_m3_s(self, stage_m: float) -> float | None:
        """Return the rated discharge, or None when the stage lies outside the table: never clamped, never extended."""
        stages = self.stages_m
        if not stages[0] <= stage_m <= stages[-1]:
            return None
        low, high = 0, len(stages) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if stages[middle] <= stage_m:
                low = middle
            else:
                high = middle
        part = (stage_m - stages[low]) / (stages[high] - stages[low])
        lower, upper = self.discharges_m3_s[low], self.discharges_m3_s[high]
        if self.interpolation == LOG and lower > 0:
            return exp(log(lower) + part * (log(upper) - log(lower)))
        return lower + part * (upper - lower)
