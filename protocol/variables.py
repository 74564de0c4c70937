# Shared dialect: runs on MicroPython and CPython.
"""Codes of variables and statistics on the wire, and the field names they have in a store."""

INSTANT = 0
MEDIAN = 1
MEAN = 2
MIN = 3
MAX = 4
STD = 5
COUNT = 6  # how many valid readings a statistic was made from
TOTAL = 7  # running total of a counter; a reset to zero is marked in the column

# A code is never given to another variable: stored messages outlive this table. Units are in the names.
_NAMES = {
    1: "stage_m",
    2: "distance_m",
    3: "discharge_m3_s",
    4: "velocity_m_s",
    5: "water_temperature_c",
    6: "air_temperature_c",
    7: "battery_v",
    8: "rain_mm",
    9: "air_pressure_hpa",
    10: "water_pressure_hpa",
    11: "conductivity_us_cm",
    12: "relative_humidity_percent",
    13: "flow_area_m2",
    14: "signal_to_noise_db",
    15: "pulses",
    16: "turbidity_ntu",
}
_CODES = {name: code for code, name in _NAMES.items()}

# An instant and the median of a burst answer the same question, so both have the plain name. A running total is the
# only way a counter is sent, so it needs no suffix either.
_SUFFIXES = {INSTANT: "", MEDIAN: "", MEAN: "_mean", MIN: "_min", MAX: "_max", STD: "_std", COUNT: "_count", TOTAL: ""}


class UnknownVariable(ValueError):
    """A code or name that is not in the table; `found` is what was given."""

    def __init__(self, found: object) -> None:
        super().__init__("no variable %r; known: %s" % (found, ", ".join(sorted(_CODES))))
        self.found = found


def names() -> list[str]:
    """Return the names of all variables in the order of their codes."""
    return [_NAMES[code] for code in sorted(_NAMES)]


def name_of(code: int) -> str:
    """Return the name of the variable, or raise UnknownVariable."""
    if code not in _NAMES:
        raise UnknownVariable(code)
    return _NAMES[code]


def code_of(name: str) -> int:
    """Return the code of the variable, or raise UnknownVariable."""
    if name not in _CODES:
        raise UnknownVariable(name)
    return _CODES[name]


def field_name(variable: int, statistic: int) -> str:
    """Return the name under which a channel is stored, such as `stage_m` or `stage_m_std`."""
    if statistic not in _SUFFIXES:
        raise ValueError("no statistic %r; expected 0 to 7" % statistic)
    return name_of(variable) + _SUFFIXES[statistic]
