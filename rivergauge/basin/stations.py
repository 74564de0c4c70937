"""Read a station: where it is, its sensors, and what is known of its river."""

from .model import GaugeDatum, Neighbour, Station
from .names import read_names
from .power import read_power
from .ratings import read_rating
from .sampling import DAY_S, read_sampling
from .senml import read_senml
from .sensors import read_sensors
from .table import Table
from .thresholds import read_thresholds
from .uplink import read_uplink

__all__ = ["read_station"]


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
    commissioned = table.take_time("commissioned") if "commissioned" in table else None

    datum = table.take_table("gauge_datum", "a table with height_m and system")
    gauge_datum = GaugeDatum(
        datum.take_number("height_m", -500, 9_000, "m"),
        datum.take_text("system", 'the height system, such as "Baltic 1977"'),
    )
    datum.refuse_unknown()

    sensors = read_sensors(table)
    senml = read_senml(table, [sensor.sensor_no for sensor in sensors])
    uplink = read_uplink(table, sensors)
    rating, rating_source = read_rating(table)
    sampling = read_sampling(table, sensors, rating)
    power = read_power(table)
    thresholds = read_thresholds(table, has_rating=rating is not None)
    neighbour_tables = table.take_tables("upstream", "station", "a list of { station = ..., travel_time_s = ... }")
    upstream = tuple(_read_neighbour(neighbour) for neighbour in neighbour_tables)
    table.refuse_unknown()
    return Station(
        station_id, names, river, country, latitude_deg, longitude_deg, gauge_datum, configuration_no, key_id,
        sensors, sampling, rating, rating_source, thresholds, upstream, senml, uplink, commissioned,
        power,
    )  # fmt: skip


def _read_neighbour(table: Table) -> Neighbour:
    neighbour = Neighbour(table.take_id("station"), table.take_integer("travel_time_s", 1, 90 * DAY_S, "s"))
    table.refuse_unknown()
    return neighbour
