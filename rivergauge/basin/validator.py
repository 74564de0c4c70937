"""Read a basin file, checking every key and what the keys say together."""

from pathlib import Path

from protocol.topics import RESERVED_BASIN

from .contacts import read_alerting
from .document import Document, read_document
from .model import Basin, Station
from .names import LANGUAGE_PATTERN, read_names
from .problems import BasinError
from .stations import read_station
from .table import Table, refuse_repeated

__all__ = ["load_basin"]


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
    names = read_names(table, "names", languages)
    notice = read_names(table, "notice", languages) if "notice" in table else {}
    states_table = table.take_table("states", 'a table such as [basin.states] with KG = { en = "Kyrgyzstan" }')
    states = {state: read_names(states_table, state, languages) for state in states_table.keys}
    table.refuse_unknown()

    station_tables = root.take_tables("station", "id", "one [[station]] table for each station")
    if not station_tables:
        root.note("station", "no station", "at least one [[station]] table")
    stations = [read_station(station, languages, list(states)) for station in station_tables]
    refuse_repeated(station_tables, "id", [station.id for station in stations])
    _check_neighbours(station_tables, stations)
    alerts = read_alerting(root, stations, list(states))
    root.refuse_unknown()
    return Basin(code, names, tuple(languages), notice, states, tuple(stations), alerts)


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
