"""Read a basin file, checking every key and what the keys say together."""

import itertools
from pathlib import Path

from protocol.rating import LINEAR, LOG, RatingTable
from protocol.topics import RESERVED_BASIN

from .document import Document, Table, read_document
from .model import Basin, GaugeDatum, Neighbour, Sampling, Sensor, Station
from .problems import BasinError
from .thresholds import read_thresholds

__all__ = ["load_basin"]

LANGUAGE_PATTERN = r"[a-z]{2}"
# The range each kind can read, in m (MaxBotix HRXL-MaxSonar-WR and XL-MaxSonar-WR datasheets).
SENSOR_RANGES_M = {"maxbotix-hrxl": (0.3, 5.0), "maxbotix-hrxl-wrl": (0.5, 9.99), "maxbotix-xl": (0.2, 7.65)}
DAY_S = 86_400
MAX_RATING_POINTS = 200
MAX_BURST = 31  # about 4 s of readings at 7.5 Hz


def load_basin(path: Path | str) -> Basin:
    """Return the basin described by the TOML file, or raise BasinError with every problem found in it."""
    document = read_document(Path(path))
    if document.problems:
        raise BasinError(document.problems)
    basin = _read_basin(document)
    if document.problems:
        raise BasinError(document.sorted_problems())
    return basin


def _read_basin(document: Document) -> Basin:
    root = document.root
    table = root.take_table("basin", "a table [basin] with code, names, languages and states")
    code = table.take_id("code")
    if code == RESERVED_BASIN:
        table.note("code", f'"{code}"', "another code: this one is reserved for the gateways' own topics")
    languages = table.take_texts("languages", 'language codes such as ["en", "ru"]', LANGUAGE_PATTERN)
    names = _read_names(table, "names", languages)
    states_table = table.take_table("states", 'a table such as [basin.states] with KG = { en = "Kyrgyzstan" }')
    states = {state: _read_names(states_table, state, languages) for state in states_table.keys}
    table.refuse_unknown()

    station_tables = root.take_tables("station", "id", "one [[station]] table for each station")
    if not station_tables:
        root.note("station", "no station", "at least one [[station]] table")
    stations = [_read_station(station, languages, list(states)) for station in station_tables]
    _refuse_repeated(station_tables, "id", [station.id for station in stations])
    _check_neighbours(station_tables, stations)
    root.refuse_unknown()
    return Basin(code, names, tuple(languages), states, tuple(stations))


def _read_station(table: Table, languages: list[str], states: list[str]) -> Station:
    station_id = table.take_id("id")
    names = _read_names(table, "names", languages)
    river = _read_names(table, "river", languages)
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
    if not sensor_tables:
        table.note("sensor", "no sensor", "at least one [[station.sensor]] table")
    sensors = [_read_sensor(sensor) for sensor in sensor_tables]
    _refuse_repeated(sensor_tables, "sensor_no", [sensor.sensor_no for sensor in sensors])
    _refuse_repeated(sensor_tables, "port", [sensor.port for sensor in sensors])

    sampling = _read_sampling(table)
    rating, rating_source = _read_rating(table) if "rating" in table else (None, "")
    thresholds = read_thresholds(table, has_rating=rating is not None)
    upstream = tuple(
        Neighbour(each.take_id("station"), each.take_integer("travel_time_s", 1, 90 * DAY_S, "s"))
        for each in table.take_tables("upstream", "station", "a list such as [{ station = ..., travel_time_s = ... }]")
    )
    table.refuse_unknown()
    return Station(
        station_id, names, river, country, latitude_deg, longitude_deg, gauge_datum, configuration_no, key_id,
        tuple(sensors), sampling, rating, rating_source, thresholds, upstream,
    )  # fmt: skip


def _read_names(table: Table, key: str, languages: list[str]) -> dict[str, str]:
    """Read a name in each of the basin's languages, and in others where the file has them."""
    names = table.take_table(key, 'a name for each language, such as { en = "Naryn", ru = "Нарын" }')
    if not names.is_sound:
        return {}
    for language in names.keys:
        if len(language) != 2 or not language.isalpha() or not language.islower():
            names.note(language, f"unknown key {language}", "a language code of two letters, such as en")
    wanted = dict.fromkeys([*languages, *names.keys])
    return {language: names.take_text(language, "a name in this language") for language in wanted}


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


def _read_rating(station: Table) -> tuple[RatingTable | None, str]:
    table = station.take_table("rating", "a table with id, source, stages_m and discharges_m3_s")
    identifier = table.take_id("id")
    source = table.take_text("source", "who made the rating, and when")
    interpolation = table.take_choice("interpolation", [LINEAR, LOG])
    stages_m = table.take_numbers("stages_m", "a list of stages in m")
    discharges_m3_s = table.take_numbers("discharges_m3_s", "a list of discharges in m3/s")
    if table.is_sound and not 2 <= len(stages_m) <= MAX_RATING_POINTS:
        table.note("stages_m", f"{len(stages_m)} stages", f"2 to {MAX_RATING_POINTS}")
    if table.is_sound and len(stages_m) != len(discharges_m3_s):
        expected = f"{len(stages_m)}, one for each of stages_m"
        table.note("discharges_m3_s", f"{len(discharges_m3_s)} discharges", expected)
    if table.is_sound:
        for before, after in itertools.pairwise(stages_m):
            if after <= before:
                table.note("stages_m", f"{after:g} after {before:g}", "stages that rise from each to the next")
        for before, after in itertools.pairwise(discharges_m3_s):
            if after < before:
                table.note("discharges_m3_s", f"{after:g} after {before:g}", "discharges that never fall")
        if discharges_m3_s[0] < 0:
            table.note("discharges_m3_s", f"{discharges_m3_s[0]:g}", "no discharge below 0 m3/s")
    table.refuse_unknown()
    if not table.is_sound:
        return None, source
    return RatingTable(identifier, stages_m, discharges_m3_s, interpolation), source


def _refuse_repeated(tables: list[Table], key: str, values: list[object]) -> None:
    seen = set()
    for table, value in zip(tables, values, strict=True):
        if not table.is_sound:
            continue  # its value may be a stand-in
        if value in seen:
            table.note(key, f"{value} a second time", f"a {key} that no other has")
        seen.add(value)


def _check_neighbours(tables: list[Table], stations: list[Station]) -> None:
    """Refuse neighbours that do not exist, and water that would flow in a circle."""
    upstream = {station.id: {neighbour.station for neighbour in station.upstream} for station in stations}
    for table, station in zip(tables, stations, strict=True):
        for neighbour in sorted(upstream[station.id] - upstream.keys()):
            table.note("upstream", f'"{neighbour}"', "the id of a station of this file")
        reached: set[str] = set()
        to_visit = set(upstream[station.id])
        while to_visit:
            visited = to_visit.pop()
            reached.add(visited)
            to_visit |= upstream.get(visited, set()) - reached
        if station.id in reached:
            table.note("upstream", f'"{station.id}" upstream of itself', "neighbours that never lead back")
