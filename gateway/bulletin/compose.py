"""Compose a bulletin: every station of the basin in the same words, states in alphabetical order."""

from gateway.stores.store import Reader
from rivergauge.basin import Basin, Station

from .model import Bulletin, State, StationReport
from .station_report import report_station

__all__ = ["compose", "read_report"]


def compose(basin: Basin, reader: Reader, from_ms: int, to_ms: int, issued_at_ms: int) -> Bulletin:
    """Return the bulletin of from_ms <= time < to_ms, as known at `issued_at_ms`.

    Raises ValueError where the period is empty or begins after the issue.
    """
    if from_ms >= to_ms:
        raise ValueError("the period ends before it begins")
    if from_ms >= issued_at_ms:
        raise ValueError("the period begins after the time of issue")
    until_ms = min(to_ms, issued_at_ms)
    language = basin.languages[0]
    states = []
    for code, names in sorted(basin.states.items(), key=lambda state: state[1][language]):
        stations = sorted(
            (station for station in basin.stations if station.country == code),
            key=lambda station: station.names[language],
        )
        reports = tuple(read_report(reader, station, from_ms, until_ms) for station in stations)
        if reports:
            states.append(State(code, names, reports))
    return Bulletin(basin, from_ms, to_ms, issued_at_ms, tuple(states))


def read_report(reader: Reader, station: Station, from_ms: int, to_ms: int) -> StationReport:
    """Return the report of one station on from_ms <= time < to_ms; `to_ms` is not later than now."""
    return report_station(
        station,
        reader.read_observations(station.id, from_ms, to_ms),
        reader.read_revisions(station.id, from_ms, to_ms),
        reader.read_flags(station.id, from_ms, to_ms),
        from_ms,
        to_ms,
    )
