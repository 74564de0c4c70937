"""Read which values of another maker's logger are taken, and what they are to us."""

from collections.abc import Collection

from protocol.senml import is_name
from protocol.variables import names

from .model import SenmlName
from .table import Table, refuse_repeated

__all__ = ["read_senml"]


def read_senml(station: Table, own_sensors: Collection[int]) -> tuple[SenmlName, ...]:
    """Return the names by which the logger calls its values; none where the station has no such logger."""
    tables = station.take_tables("senml", "name", "one [[station.senml]] table for each value of the logger")
    named = [_read_name(table) for table in tables]
    refuse_repeated(tables, "name", [each.name for each in named])
    refuse_repeated(tables, "variable", [f"{each.variable} of sensor {each.sensor_no}" for each in named])
    for table, each in zip(tables, named, strict=True):
        if table.is_sound and each.sensor_no in own_sensors:
            # What came unauthenticated must never look like a reading of the station's own.
            table.note("sensor_no", str(each.sensor_no), "a number that no [[station.sensor]] of the station has")
    return tuple(named)


def _read_name(table: Table) -> SenmlName:
    expected = "the name with its base as the logger sends it, such as urn:dev:ow:10e2073a01080063:level"
    name = table.take_text("name", expected)
    if name and not is_name(name):
        table.note("name", f'"{name}"', f"{expected}: A-Z a-z 0-9 - : . / _, beginning with a letter or digit")
    variable = table.take_choice("variable", names())
    sensor_no = table.take_integer("sensor_no", 1, 255)
    raises_flags = table.take_boolean("raises_flags") if "raises_flags" in table else False
    table.refuse_unknown()
    return SenmlName(name, variable, sensor_no, raises_flags)
