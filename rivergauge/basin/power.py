"""Read what a station leaves off while its battery is low, and what it draws."""

import itertools

from .model import Power
from .table import Table

__all__ = ["read_power"]

LOWEST_V, HIGHEST_V = 2.5, 60.0  # from a single lithium cell to four lead-acid batteries
HIGHEST_MA = 10_000
LIMITS = ("alarms_only_below_v", "log_only_below_v", "sleep_below_v")


def read_power(station: Table) -> Power | None:
    """Return the limits of the station's battery; None where the file has none, as for a supply that never ends."""
    if "power" not in station:
        return None
    table = station.take_table("power", "a table with the limits of the battery and the currents drawn")
    power = Power(
        alarms_only_below_v=table.take_number("alarms_only_below_v", LOWEST_V, HIGHEST_V, "V"),
        log_only_below_v=table.take_number("log_only_below_v", LOWEST_V, HIGHEST_V, "V"),
        sleep_below_v=table.take_number("sleep_below_v", LOWEST_V, HIGHEST_V, "V"),
        hysteresis_v=table.take_number("hysteresis_v", 0.01, 5, "V"),
        awake_ma=table.take_number("awake_ma", 0, HIGHEST_MA, "mA"),
        radio_ma=table.take_number("radio_ma", 0, HIGHEST_MA, "mA"),
        sensors_ma=table.take_number("sensors_ma", 0, HIGHEST_MA, "mA"),
        asleep_ma=table.take_number("asleep_ma", 0, HIGHEST_MA, "mA"),
    )
    if table.is_sound:
        for higher, lower in itertools.pairwise(LIMITS):
            if getattr(power, lower) >= getattr(power, higher):
                found, limit = getattr(power, lower), getattr(power, higher)
                table.note(lower, f"{found:g}", f"less than {higher} ({limit:g})")
    table.refuse_unknown()
    return power
