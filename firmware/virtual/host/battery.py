"""The battery of a virtual station, its solar panel, and what the station draws from them."""

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Battery", "Draw", "clear_day"]

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
STEP_MS = 600_000  # the sun is taken as steady for so long
# Open-circuit voltage of a 12 V AGM battery by its share of charge, rounded from makers' tables.
CHARGE_SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
OPEN_CIRCUIT_V = (11.4, 11.75, 12.0, 12.3, 12.6, 12.85)
RESISTANCE_OHM = 0.1
CHARGING_V = 0.6  # how far the full current of the panel lifts the voltage


@dataclass(frozen=True)
class Draw:
    """Currents in mA; `radio_ma` and `sensors_ma` come on top of `awake_ma`."""

    awake_ma: float = 80.0
    radio_ma: float = 120.0
    sensors_ma: float = 30.0
    asleep_ma: float = 0.5


def clear_day(at_ms: int) -> float:
    """Return the share of its full current that a panel gives on a clear day: from 6 to 18 o'clock, best at noon."""
    return max(0.0, -math.cos(2 * math.pi * (at_ms % DAY_MS) / DAY_MS))


class Battery:
    """`sun(unix_ms)` is the share of `panel_ma` that the panel gives then. Charge never leaves 0 to `capacity_mah`."""

    def __init__(
        self,
        at_ms: int,
        capacity_mah: float,
        charge_mah: float,
        panel_ma: float = 0.0,
        sun: Callable[[int], float] = clear_day,
        draw: Draw | None = None,
    ) -> None:
        self.draw = draw or Draw()
        self.charge_mah = charge_mah
        self.drawn_mah = 0.0  # since the beginning
        self._at_ms = at_ms
        self._capacity_mah = capacity_mah
        self._panel_ma = panel_ma
        self._sun = sun

    def advance(self, to_ms: int, load_ma: float) -> None:
        """Let time pass with a steady load."""
        while self._at_ms < to_ms:
            step_ms = min(STEP_MS, to_ms - self._at_ms)
            panel_ma = self._panel_ma * self._sun(self._at_ms + step_ms // 2)
            charged_mah = self.charge_mah + (panel_ma - load_ma) * step_ms / HOUR_MS
            self.charge_mah = min(max(charged_mah, 0.0), self._capacity_mah)
            self.drawn_mah += load_ma * step_ms / HOUR_MS
            self._at_ms += step_ms

    def voltage_v(self, load_ma: float) -> float:
        """Return what the terminals show now under a load."""
        share = self.charge_mah / self._capacity_mah
        upper = min(bisect_right(CHARGE_SHARES, share), len(CHARGE_SHARES) - 1)
        low, high = CHARGE_SHARES[upper - 1 : upper + 1]
        low_v, high_v = OPEN_CIRCUIT_V[upper - 1 : upper + 1]
        rest_v = low_v + (high_v - low_v) * (share - low) / (high - low)
        return rest_v + CHARGING_V * self._sun(self._at_ms) * (self._panel_ma > 0) - RESISTANCE_OHM * load_ma / 1000
