"""The values of another maker's logger in the basin file."""

from pathlib import Path

import pytest

from rivergauge.basin import BasinError, SenmlName, load_basin

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
LEVEL = "urn:dev:ow:10e2073a01080063:level"


def senml(name: str = LEVEL, variable: str = "stage_m", sensor_no: object = 9) -> str:
    return f'[[station.senml]]\nname = "{name}"\nvariable = "{variable}"\nsensor_no = {sensor_no}\n'


def written(folder: Path, *tables: str, own_sensor: bool = True) -> Path:
    """Write the example, its first station with a logger as well."""
    text = EXAMPLE.read_text().replace("\n[station.rating]", "\n" + "".join(tables) + "\n[station.rating]", 1)
    if not own_sensor:
        start = text.index("[[station.sensor]]")
        text = text[:start] + text[text.index("\n[[station.senml]]", start) :]
    path = folder / "basin.toml"
    path.write_text(text)
    return path


def test_the_names_of_a_logger_are_read(tmp_path):
    basin = load_basin(written(tmp_path, senml(), senml("urn:dev:ow:10e2073a01080063:temp", "water_temperature_c")))
    assert basin.stations[0].senml == (
        SenmlName(LEVEL, "stage_m", 9),
        SenmlName("urn:dev:ow:10e2073a01080063:temp", "water_temperature_c", 9),
    )
    assert basin.stations[1].senml == ()


def test_that_a_value_may_raise_flags_is_said_for_each(tmp_path):
    trusted = senml() + "raises_flags = true\n"
    others = senml("urn:dev:ow:10e2073a01080063:temp", "water_temperature_c")
    names = load_basin(written(tmp_path, trusted, others)).stations[0].senml
    assert [each.raises_flags for each in names] == [True, False]
    with pytest.raises(BasinError, match=r"raises_flags: found \"yes\", expected true or false"):
        load_basin(written(tmp_path, senml() + 'raises_flags = "yes"\n'))


def test_a_station_may_have_another_logger_alone(tmp_path):
    station = load_basin(written(tmp_path, senml(), own_sensor=False)).stations[0]
    assert (station.sensors, len(station.senml)) == ((), 1)


MISTAKES = {
    "a name no logger can send": ([senml("level in m")], "name", '"level in m"', "A-Z a-z 0-9"),
    "no name": ([senml("")], "name", '""', "as the logger sends it"),
    "a variable with a slip": ([senml(variable="stage_cm")], "variable", '"stage_cm"', "perhaps stage_m?"),
    "a sensor number out of bounds": ([senml(sensor_no=0)], "sensor_no", "0", "1 to 255"),
    "the number of a sensor of the station": ([senml(sensor_no=1)], "sensor_no", "1", "no [[station.sensor]]"),
    "the same name again": ([senml(), senml(variable="distance_m")], "name", "second time", "no other has"),
    "the same channel again": ([senml(), senml("other")], "variable", "stage_m of sensor 9 a second", "no other has"),
    "an unknown key": ([senml() + 'unit = "cm"\n'], "unit", "unknown key", "one of"),
}


@pytest.mark.parametrize(("tables", "key", "found", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told(tables, key, found, expected, tmp_path):
    with pytest.raises(BasinError) as raised:
        load_basin(written(tmp_path, *tables))
    (problem,) = raised.value.problems
    assert problem.path.startswith("station[akdzhar].senml[")
    assert problem.path.endswith(f".{key}")
    assert found in problem.found
    assert expected in problem.expected
