"""Read a station: where it is, its sensors, and when it measures and sends."""

from .model import GaugeDatum, Neighbour, Sampling, Sensor, Station
from .names import read_names
from .ratings import read_rating
from .senml import read_senml
from .table import Table, refuse_repeated
from .thresholds import read_thresholds

__all__ = ["read_station"]

# The range each kind can read, in m (MaxBotix HRXL-MaxSonar-WR and XL-MaxSonar-WR datasheets).
SENSOR_RANGES_M = {"maxbotix-hrxl": (0.3, 5.0), "maxbotix-hrxl-wrl": (0.5, 9.99), "maxbotix-xl": (0.2, 7.65)}
MAX_BURST = 31  # about 4 s of readings at 7.5 Hz
DAY_S = 86_400


def read_station(table: Table, languages: list[str], states: list[str]) -> Station:
    station_id = table.take_id("id")
    names = read_names(table, "names", languages)
    river = read_names(table, "river", languages)
    country = (
        table.take_choice("country", states) if states else table.take_text("country", "a state of [basin.states]")
    )
    latitude_deg = table.take_number("latitude_deg", -90, 90, "degrees north")
    longitude_deg = table.take_number("longitude_deg", -180, 180, "degrees east")
    configuration_no = table.take_integer("configuration_no", 1, 65_535)
    key_id = table.take_id("key_id")

    datum = table.take_table("gauge_datum", "a table with height_m and system")
    gauge_datum = GaugeDatum(
        datum.take_number("height_m", -500, 9_000, "m"),
        datum.take_text("system", 'the height system, such as "Baltic 1977"'),
    )
    datum.refuse_unknown()

    sensor_tables = table.take_tables("sensor", "sensor_no", "one [[station.sensor]] table for each sensor")
    if not sensor_tables and "senml" not in table:
        table.note("sensor", "no sensor", "at least one [[station.sensor]] table (or [[station.senml]])")
    sensors = [_read_sensor(sensor) for sensor in sensor_tables]
    refuse_repeated(sensor_tables, "sensor_no", [sensor.sensor_no for sensor in sensors])
    refuse_repeated(sensor_tables, "port", [sensor.port for sensor in sensors])

    senml = read_senml(table, [sensor.sensor_no for sensor in sensors])
    sampling = _read_sampling(table)
    rating, rating_source = read_rating(table)
    thresholds = read_thresholds(table, has_rating=rating is not None)
    neighbour_tables = table.take_tables("upstream", "station", "a list of { station = ..., travel_time_s = ... }")
    upstream = tuple(_read_neighbour(neighbour) for neighbour in neighbour_tables)
    table.refuse_unknown()
    return Station(
        station_id, names, river, country, latitude_deg, longitude_deg, gauge_datum, configuration_no, key_id,
        tuple(sensors), sampling, rating, rating_source, thresholds, upstream, senml,
    )  # fmt: skip


def _read_neighbour(table: Table) -> Neighbour:
    neighbour = Neighbour(table.take_id("station"), table.take_integer("travel_time_s", 1, 90 * DAY_S, "s"))
    table.refuse_unknown()
    return neighbour


def _read_sensor(table: Table) -> Sensor:
    kind = table.take_choice("kind", list(SENSOR_RANGES_M))
    sensor = Sensor(
        sensor_no=table.take_integer("sensor_no", 1, 255),
        kind=kind,
        port=table.take_integer("port", 1, 8),
        power_switch=table.take_integer("power_switch", 1, 8),
        burst=table.take_integer("burst", 1, MAX_BURST, "readings"),
        zero_distance_m=_read_zero_distance_m(table, kind),
    )
    table.refuse_unknown()
    return sensor


def _read_zero_distance_m(table: Table, kind: str) -> float:
    # Gauge zero may lie deeper than the sensor reaches where the water never falls so low: hence up to twice as deep.
    nearest_m, farthest_m = SENSOR_RANGES_M.get(kind, (0.0, 100.0))
    return table.take_number("zero_distance_m", nearest_m, 2 * farthest_m, "m")


def _read_sampling(station: Table) -> Sampling:
    table = station.take_table("sampling", "a table with record_every_s and send_every_s")
    sampling = Sampling(
        table.take_integer("record_every_s", 60, DAY_S, "s"),
        table.take_integer("send_every_s", 60, DAY_S, "s"),
    )
    # Records fall on whole multiples of the interval in UTC, so that every day has the same instants.
    if table.is_sound and DAY_S % sampling.record_every_s:
        table.note("record_every_s", str(sampling.record_every_s), "a divisor of a day (86400 s), such as 900")
    if table.is_sound and sampling.send_every_s % sampling.record_every_s:
        expected = f"a multiple of record_every_s ({sampling.record_every_s})"
        table.note("send_every_s", str(sampling.send_every_s), expected)
    table.refuse_unknown()
    return sampling
