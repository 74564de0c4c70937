# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What the battery allows and what is drawn from it: the member `power` of the configuration."""

from .members import ConfigurationError, check_members, number
from .power import LIMITS

_CURRENTS = ("awake_ma", "radio_ma", "sensors_ma", "asleep_ma")
_HIGHEST_V = 60
_HIGHEST_MA = 10_000


def read_power(table):
    """Return the table, checked."""
    check_members(table, LIMITS + ("hysteresis_v",) + _CURRENTS, "power")
    for name in LIMITS + ("hysteresis_v",):
        number(table, name, 0, _HIGHEST_V, "power.")
    for name in _CURRENTS:
        number(table, name, 0, _HIGHEST_MA, "power.")
    highest_v, middle_v, lowest_v = [table[name] for name in LIMITS]
    if not highest_v > middle_v > lowest_v:
        raise ConfigurationError("power.log_only_below_v", middle_v, "limits that fall from tier to tier")
    return table
