"""A flag told to people: what has happened, by which threshold, where it comes from, and what is not known.

Pure functions of the flag and the basin file. The law this file keeps: no number without its unit, no time without its
zone.
"""

from gateway.alerts.entries import CLEARED, RAISED
from gateway.alerts.plain import named, one_line, utc
from gateway.alerts.words import WORDS
from gateway.bulletin.words import format_figure
from gateway.observations import Flag
from rivergauge.basin import Basin, Station

__all__ = ["flag_lines", "flag_subject"]

STAGE, DISCHARGE = "stage_m", "discharge_m3_s"
HOUR_MS = 3_600_000
LATE_MS = 2 * HOUR_MS  # longer than a flood is waited for with any sensible interval of sending


def flag_subject(basin: Basin, flag: Flag, kind: str, language: str) -> str:
    return WORDS[language][f"subject {kind}"].format_map(_places(basin, flag, language, peak_quality=None))


def flag_lines(
    basin: Basin, flag: Flag, kind: str, language: str, peak_quality: int | None, written_at_ms: int
) -> list[str]:
    """Return what is told of a flag that was raised, cleared or withdrawn; `peak_quality` is None where not known."""
    words, station = WORDS[language], _station(basin, flag.station)
    keys = [kind, f"by {flag.cleared_by}"] if kind == CLEARED else [kind]
    keys += ["threshold", "times", *(["cleared at"] if kind == CLEARED else []), f"peak {flag.direction}"]
    keys += [_origin(flag, station), *(["from logger"] if _may_be_of_logger(flag, station) else []), "not known"]
    happened_at_ms = flag.raised_at_ms if kind == RAISED or flag.cleared_at_ms is None else flag.cleared_at_ms
    if written_at_ms - happened_at_ms > LATE_MS:
        keys.append("late")
    places = _places(basin, flag, language, peak_quality) | _origin_places(station, flag.station)
    places["late_hours"] = str((written_at_ms - happened_at_ms) // HOUR_MS)
    return [words[key].format_map(places) for key in keys]


def _places(basin: Basin, flag: Flag, language: str, peak_quality: int | None) -> dict[str, str]:
    words, what = WORDS[language], f"{flag.kind} {flag.variable}"
    unit = words[f"unit {what}"]

    def figure(value: float) -> str:
        return f"{format_figure(value, flag.variable)} {unit}"

    return {
        "threshold": one_line(flag.threshold),
        "place": _place(basin, flag.station, language),
        "quantity": words[what],
        "direction": words[flag.direction],
        "raise_value": figure(flag.raise_value),
        "clear_value": figure(flag.clear_value),
        "peak": figure(flag.peak),
        "peak_at": utc(flag.peak_at_ms),
        "quality": words["quality not known" if peak_quality is None else f"quality {peak_quality}"],
        "source": one_line(flag.source),
        "first_detected_at": utc(flag.first_detected_at_ms),
        "raised_at": utc(flag.raised_at_ms),
        "cleared_at": utc(flag.cleared_at_ms) if flag.cleared_at_ms is not None else "",
    }


def _origin(flag: Flag, station: Station | None) -> str:
    if station is None:
        return "from nowhere"
    if flag.variable == DISCHARGE and station.rating is not None:
        return "from rating"
    return "from sensors" if station.sensors else "from logger alone"


def _may_be_of_logger(flag: Flag, station: Station | None) -> bool:
    """Tell whether another maker's logger, which nothing authenticates, may have raised the flag."""
    if station is None:
        return False
    # A discharge may be computed from its stage.
    return any(each.raises_flags and each.variable in (flag.variable, STAGE) for each in station.senml)


def _origin_places(station: Station | None, station_id: str) -> dict[str, str]:
    if station is None:
        return {"id": station_id}
    return {
        "id": station_id,
        "configuration_no": str(station.configuration_no),
        # The first is the one that gives the station's stage.
        "sensor": f"{station.sensors[0].sensor_no} ({station.sensors[0].kind})" if station.sensors else "",
        "rating": one_line(station.rating.identifier) if station.rating else "",
        "rating_source": one_line(station.rating_source),
    }


def _place(basin: Basin, station_id: str, language: str) -> str:
    station = _station(basin, station_id)
    if station is None:
        return station_id
    state = named(basin.states.get(station.country, {}), language, station.country)
    return f"{named(station.names, language, station.id)}, {named(station.river, language, '')}, {state}"


def _station(basin: Basin, station_id: str) -> Station | None:
    return next((each for each in basin.stations if each.id == station_id), None)
