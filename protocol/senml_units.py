# Shared dialect: runs on MicroPython and CPython.
"""Units of SenML (RFC 8428, section 12.1, and RFC 8798) to the units that our variables have in their names."""

# Variable -> unit -> (numerator, denominator, what is added): ours = theirs * numerator / denominator + added.
_SAME = (1.0, 1.0, 0.0)
_LENGTH_M = {"m": _SAME, "cm": (1.0, 100.0, 0.0), "mm": (1.0, 1000.0, 0.0), "km": (1000.0, 1.0, 0.0)}
_TEMPERATURE_C = {"Cel": _SAME, "K": (1.0, 1.0, -273.15)}
_PRESSURE_HPA = {"hPa": _SAME, "Pa": (1.0, 100.0, 0.0)}

CONVERSIONS = {
    "stage_m": _LENGTH_M,
    "distance_m": _LENGTH_M,
    "discharge_m3_s": {"m3/s": _SAME, "l/s": (1.0, 1000.0, 0.0)},
    "velocity_m_s": {"m/s": _SAME, "km/h": (1.0, 3.6, 0.0)},
    "water_temperature_c": _TEMPERATURE_C,
    "air_temperature_c": _TEMPERATURE_C,
    "battery_v": {"V": _SAME, "mV": (1.0, 1000.0, 0.0)},
    "rain_mm": {"mm": _SAME, "cm": (10.0, 1.0, 0.0), "m": (1000.0, 1.0, 0.0)},
    "air_pressure_hpa": _PRESSURE_HPA,
    "water_pressure_hpa": _PRESSURE_HPA,
    "conductivity_us_cm": {"S/m": (10_000.0, 1.0, 0.0)},
    "relative_humidity_percent": {"%RH": _SAME},
    "flow_area_m2": {"m2": _SAME},
    "signal_to_noise_db": {"dB": _SAME},
    "pulses": {"count": _SAME},
    "turbidity_ntu": {"NTU": _SAME},
}


class UnknownUnit(ValueError):
    """A unit that cannot become that of the variable; the text says which ones can."""

    def __init__(self, variable: str, unit: str) -> None:
        expected = ", ".join(sorted(CONVERSIONS[variable]))
        super().__init__("unit %r for %s: expected %s" % (unit, variable, expected))


def convert(variable: str, unit: str, value: float) -> float:
    """Return a value of `unit` in the unit of the variable, or raise UnknownUnit."""
    units = CONVERSIONS[variable]
    if unit not in units:
        raise UnknownUnit(variable, unit)
    numerator, denominator, added = units[unit]
    return value * numerator / denominator + added
