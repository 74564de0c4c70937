"""Read the thresholds of a station: what a flag is raised and cleared on."""

from .document import Table
from .model import Threshold

__all__ = ["read_thresholds"]

# Lowest and highest value that makes sense, by variable: stage in m over gauge zero, discharge in m3/s.
LIMITS = {"stage_m": (-50.0, 100.0), "discharge_m3_s": (0.0, 300_000.0)}
UNITS = {"stage_m": "m", "discharge_m3_s": "m3/s"}
KINDS = ["level", "rise_rate"]
MAX_DURATION_S = 7 * 86_400


def read_thresholds(station: Table, has_rating: bool) -> tuple[Threshold, ...]:
    """Return the thresholds; a station without any is a problem, since its silence would be taken for safety."""
    tables = station.take_tables("threshold", "name", "one [[station.threshold]] table for each threshold")
    if not tables:
        station.note("threshold", "no threshold", "at least one [[station.threshold]] table")
    thresholds: list[Threshold] = []
    for table in tables:
        threshold = _read_threshold(table)
        if threshold.name in [other.name for other in thresholds]:
            table.note("name", f'"{threshold.name}" a second time', "a name that no other threshold of the station has")
        if threshold.variable == "discharge_m3_s" and not has_rating:
            table.note("variable", '"discharge_m3_s"', "stage_m, or a [station.rating] to compute discharge with")
        thresholds.append(threshold)
    return tuple(thresholds)


def _read_threshold(table: Table) -> Threshold:
    name = table.take_id("name")
    kind = table.take_choice("kind", KINDS)
    variable = table.take_choice("variable", list(LIMITS))
    direction = table.take_choice("direction", ["above", "below"])
    lowest, highest = LIMITS.get(variable, (-float("inf"), float("inf")))
    if kind == "rise_rate":
        lowest = -highest  # a fall is a rise below zero
    unit = UNITS.get(variable, "") + ("/h" if kind == "rise_rate" else "")
    raise_value = table.take_number("raise_value", lowest, highest, unit)
    clear_value = table.take_number("clear_value", lowest, highest, unit)
    if direction == "above" and clear_value >= raise_value:
        table.note("clear_value", f"{clear_value:g}", f"less than raise_value ({raise_value:g}), as direction is above")
    if direction == "below" and clear_value <= raise_value:
        table.note("clear_value", f"{clear_value:g}", f"more than raise_value ({raise_value:g}), as direction is below")
    raise_after_s = table.take_integer("raise_after_s", 0, MAX_DURATION_S, "s")
    clear_after_s = table.take_integer("clear_after_s", 0, MAX_DURATION_S, "s")
    source = table.take_text("source", "who set the threshold, and where it is written")
    valid_from = table.take_time("valid_from")
    valid_to = table.take_time("valid_to") if "valid_to" in table else None
    if valid_to is not None and table.is_sound and valid_to <= valid_from:
        table.note("valid_to", valid_to.isoformat(), f"a time after valid_from ({valid_from.isoformat()})")
    table.refuse_unknown()
    return Threshold(
        name,
        kind,
        variable,
        direction,
        raise_value,
        clear_value,
        raise_after_s,
        clear_after_s,
        source,
        valid_from,
        valid_to,
    )
