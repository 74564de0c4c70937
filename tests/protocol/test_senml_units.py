"""Units of other makers' loggers become those of our variables, or are refused by name."""

import pytest

from protocol.senml_units import CONVERSIONS, UnknownUnit, convert
from protocol.variables import names

CASES = [
    ("stage_m", "m", 1.25, 1.25),
    ("stage_m", "cm", 63.42, 0.6342),
    ("stage_m", "mm", 634.0, 0.634),
    ("distance_m", "km", 0.004, 4.0),
    ("discharge_m3_s", "l/s", 1500.0, 1.5),
    ("velocity_m_s", "km/h", 3.6, 1.0),
    ("water_temperature_c", "Cel", 1.29, 1.29),
    ("water_temperature_c", "K", 273.15, 0.0),
    ("air_temperature_c", "K", 300.0, 26.85),
    ("battery_v", "mV", 12_840.0, 12.84),
    ("rain_mm", "m", 0.002, 2.0),
    ("rain_mm", "cm", 0.2, 2.0),
    ("air_pressure_hpa", "Pa", 101_325.0, 1013.25),
    ("conductivity_us_cm", "S/m", 0.05, 500.0),
]


@pytest.mark.parametrize(("variable", "unit", "theirs", "ours"), CASES)
def test_a_value_is_converted(variable, unit, theirs, ours):
    assert convert(variable, unit, theirs) == pytest.approx(ours, rel=1e-12, abs=1e-12)


def test_every_variable_has_a_unit_it_can_come_in():
    assert set(CONVERSIONS) == set(names())


@pytest.mark.parametrize("unit", ["", "Cel", "M"], ids=["none", "of another quantity", "in another case"])
def test_another_unit_is_refused_and_those_that_fit_are_named(unit):
    with pytest.raises(UnknownUnit, match=f"unit '{unit}' for stage_m: expected cm, km, m, mm"):
        convert("stage_m", unit, 1.0)
