"""Read a station's sensors: what each kind needs to be told, and what they cannot share."""

from dataclasses import dataclass

from .model import Sensor
from .table import Table, refuse_repeated

__all__ = ["KINDS", "Kind", "read_sensors", "value_count_of"]

MAX_BURST = 31
RECORD_VALUES = 9  # what a record on the station's flash holds (firmware/station/slots.py), the battery's among them
BATTERY_VALUES = 1
NUMBER_OF_PORTS = 8
MODBUS_ADDRESSES = (1, 250)  # Keller answers at 250 whatever its address
SDI12_ADDRESS = "[0-9A-Za-z]"
STAGE_LIMIT_M = 100.0
STATISTICS = ("median", "mean", "min", "max", "std", "count")
DEFAULT_STATISTICS = ("median", "count")


@dataclass(frozen=True)
class Kind:
    """A kind of sensor: how its line speaks, which keys it takes, how many values a record holds of it by default.

    `address_key` is None where a sensor needs its line for itself. `range_m` is what a range finder can read.
    """

    line: str
    keys: tuple[str, ...]
    value_count: int
    address_key: str | None = None
    range_m: tuple[float, float] = (0.0, 0.0)
    measures_stage: bool = True
    measures_discharge: bool = False


# A pulse input is no serial port: its numbers are counted apart.
PULSES = "pulses"
SDI12 = "SDI-12 (1200 7E1)"
_RANGE = ("burst", "zero_distance_m")

# Ranges from the data sheets: MaxBotix PD11500 and PD10848, Geolux LX-80-15, VEGAPULS C 21.
KINDS = {
    "maxbotix-hrxl": Kind("9600 8N1", _RANGE, 3, range_m=(0.3, 5.0)),
    "maxbotix-hrxl-wrl": Kind("9600 8N1", _RANGE, 3, range_m=(0.5, 9.99)),
    "maxbotix-xl": Kind("9600 8N1", _RANGE, 3, range_m=(0.2, 7.65)),
    "geolux-lx80": Kind("115200 8N1", _RANGE, 3, range_m=(0.2, 15.0)),
    "geolux-lx80-modbus": Kind(
        "Modbus 9600 8E1", (*_RANGE, "modbus_address"), 3, address_key="modbus_address", range_m=(0.2, 15.0)
    ),
    "keller-30": Kind(
        "Modbus 9600 8N1",
        ("burst", "stage_at_zero_m", "modbus_address", "barometer"),
        5,
        address_key="modbus_address",
    ),
    "ott-pls": Kind(SDI12, ("stage_at_zero_m", "sdi12_address"), 2, address_key="sdi12_address"),
    "vegapuls-c21": Kind(
        SDI12, ("zero_distance_m", "sdi12_address"), 3, address_key="sdi12_address", range_m=(0.001, 15.0)
    ),
    "sommer-rq30": Kind(
        SDI12, ("stage_at_zero_m", "sdi12_address"), 5, address_key="sdi12_address", measures_discharge=True
    ),
    "tipping-bucket": Kind(PULSES, ("mm_per_pulse",), 1, measures_stage=False),
}


def read_sensors(station: Table) -> tuple[Sensor, ...]:
    """Read all sensors of a station, the one that gives its stage first, and refuse what they cannot share."""
    tables = station.take_tables("sensor", "sensor_no", "one [[station.sensor]] table for each sensor")
    if not tables and "senml" not in station:
        station.note("sensor", "no sensor", "at least one [[station.sensor]] table (or [[station.senml]])")
    sensors = [_read_sensor(table) for table in tables]
    refuse_repeated(tables, "sensor_no", [sensor.sensor_no for sensor in sensors])
    sound = [(table, sensor) for table, sensor in zip(tables, sensors, strict=True) if table.is_sound]
    _check_lines(sound)
    _check_record([(table, sensor) for table, sensor in sound if table.is_sound])
    if sound and not KINDS[sound[0][1].kind].measures_stage:
        table, sensor = sound[0]
        table.note("kind", f'"{sensor.kind}" first', "the sensor that gives the station's stage as the first")
    return tuple(sensors)


def value_count_of(sensor: Sensor) -> int:
    """Return how many values a record holds of the sensor."""
    fewer = 1 if sensor.barometer == "vented" else 0
    more = 0 if sensor.statistics is None else len(sensor.statistics) - len(DEFAULT_STATISTICS)
    return KINDS[sensor.kind].value_count + more - fewer


def _read_sensor(table: Table) -> Sensor:
    kind_name = table.take_choice("kind", list(KINDS))
    kind = KINDS.get(kind_name, KINDS["maxbotix-hrxl"])
    sensor = Sensor(
        sensor_no=table.take_integer("sensor_no", 1, 255),
        kind=kind_name,
        port=table.take_integer("port", 1, NUMBER_OF_PORTS),
        power_switch=None if kind.line == PULSES else table.take_integer("power_switch", 1, 8),
        burst=table.take_integer("burst", 1, MAX_BURST, "readings") if "burst" in kind.keys else None,
        zero_distance_m=_read_zero_distance_m(table, kind),
        stage_at_zero_m=_take_number(table, kind, "stage_at_zero_m", -STAGE_LIMIT_M, STAGE_LIMIT_M, "m"),
        mm_per_pulse=_take_number(table, kind, "mm_per_pulse", 0.01, 10, "mm"),
        modbus_address=table.take_integer("modbus_address", *MODBUS_ADDRESSES)
        if "modbus_address" in kind.keys
        else None,
        sdi12_address=table.take_text("sdi12_address", "a digit or a letter", SDI12_ADDRESS)
        if "sdi12_address" in kind.keys
        else None,
        barometer=table.take_choice("barometer", ["vented", "p2"]) if "barometer" in kind.keys else None,
        statistics=_read_statistics(table) if "burst" in kind.keys else None,
    )
    table.refuse_unknown()
    return sensor


def _take_number(table: Table, kind: Kind, key: str, lowest: float, highest: float, unit: str) -> float | None:
    return table.take_number(key, lowest, highest, unit) if key in kind.keys else None


def _read_statistics(table: Table) -> tuple[str, ...]:
    if "statistics" not in table:
        return DEFAULT_STATISTICS
    expected = "a list of " + ", ".join(STATISTICS)
    statistics = tuple(table.take_texts("statistics", expected, "|".join(STATISTICS)))
    if table.is_sound and "median" not in statistics:
        table.note("statistics", "no median", "median among them: thresholds and rating go by it")
    if len(set(statistics)) != len(statistics):
        table.note("statistics", "one of them twice", "each once")
    return statistics


def _read_zero_distance_m(table: Table, kind: Kind) -> float | None:
    # Gauge zero may lie deeper than the sensor reaches where the water never falls so low: hence up to twice as deep.
    nearest_m, farthest_m = kind.range_m
    return _take_number(table, kind, "zero_distance_m", nearest_m, 2 * farthest_m, "m")


def _check_lines(sound: list[tuple[Table, Sensor]]) -> None:
    """Refuse sensors on one port that speak differently, need it for themselves, or have the same address."""
    on_port: dict[tuple[bool, int], list[Sensor]] = {}
    for table, sensor in sound:
        kind = KINDS[sensor.kind]
        others = on_port.setdefault((kind.line == PULSES, sensor.port), [])
        for other in others:
            there = KINDS[other.kind]
            where = f"port {sensor.port}, where sensor {other.sensor_no}"
            if there.line != kind.line:
                table.note("port", f"{where} speaks {there.line}", f"a port whose sensors speak {kind.line}")
            elif kind.address_key is None:
                expected = f"a port that no other has: a {sensor.kind} cannot share its line"
                table.note("port", f"{sensor.port} a second time", expected)
            elif getattr(sensor, kind.address_key) == getattr(other, kind.address_key):
                address = getattr(sensor, kind.address_key)
                table.note(kind.address_key, f"{address}, which sensor {other.sensor_no} has", "another on this port")
            else:
                continue
            break
        others.append(sensor)


def _check_record(sound: list[tuple[Table, Sensor]]) -> None:
    """Refuse the sensor with which a record holds more values than fit."""
    count = BATTERY_VALUES
    for table, sensor in sound:
        count += value_count_of(sensor)
        if count > RECORD_VALUES:
            table.note("kind", f"{count} values in a record", f"at most {RECORD_VALUES}, one of them the battery's")
            return
