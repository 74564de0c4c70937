"""What a command to a station says: its name and its arguments, as typed, or as the basin file has them."""

import json
from collections.abc import Callable, Mapping, Sequence

import typer

from firmware.station.trust import MUTUAL, SERVER
from protocol.batch import UINT32_LIMIT
from protocol.text_parts import split_text
from rivergauge.basin import Basin, station_configuration
from rivergauge.listing import format_facts
from rivergauge.station_options import parse_server

__all__ = ["NAMES", "parse_command"]

DAY_S = 86_400
Arguments = dict[str, int | str]
# Each command with the whole numbers it takes, and between what they may lie.
NUMBERS: dict[str, dict[str, tuple[int, int]]] = {
    "maintenance": {"on": (0, 1)},
    "reboot": {},
    "report-health": {},
    "send-range": {"first": (1, UINT32_LIMIT), "last": (1, UINT32_LIMIT)},
    "set-interval": {"record_every_s": (1, DAY_S), "send_every_s": (1, DAY_S)},
}
# What must hold between the numbers of a command, and how it is said: a station could refuse it hours later only.
FITTING: dict[str, tuple[Callable[[Mapping[str, int]], bool], str]] = {
    "send-range": (lambda given: given["first"] <= given["last"], "first not above last"),
    "set-interval": (
        lambda given: DAY_S % given["record_every_s"] == 0 and given["send_every_s"] % given["record_every_s"] == 0,
        f"record_every_s that divides a day ({DAY_S} s) and send_every_s, such as 300 and 900",
    ),
}
HINT = "KEY=VALUE"


def parse_command(basin: Basin, station: str, name: str, words: Sequence[str]) -> list[Arguments]:
    """Return the arguments of each command that it takes to say it; wrong ones end the command line with status 2."""
    if name in TEXTS:
        return split_text(_compact(TEXTS[name](basin, station, words)))
    if name not in NUMBERS:
        raise typer.BadParameter(f"found {name!r}, expected one of {', '.join(NAMES)}", param_hint="NAME")
    bounds = NUMBERS[name]
    found = _pairs(name, words, list(bounds))
    given = {key: _number(key, found.get(key), bounds[key]) for key in bounds}
    fits, expected = FITTING.get(name, (lambda _given: True, ""))
    if not fits(given):
        raise typer.BadParameter(f"found {format_facts(given)}, expected {expected}", param_hint=HINT)
    return [{**given}]


def _configuration(basin: Basin, station: str, words: Sequence[str]) -> Mapping[str, object]:
    """Return what the flasher would write, but for the secrets, which never travel."""
    found = _pairs("new-configuration", words, ["broker", "time_server", "tls", "username"])
    if "broker" not in found:
        raise typer.BadParameter("broker: found nothing, expected HOST:PORT as the station reaches it", param_hint=HINT)
    broker = parse_server(found["broker"], "broker")
    if "tls" in found:
        if found["tls"] not in (MUTUAL, SERVER):
            expected = f"{MUTUAL} (the station has a certificate) or {SERVER}"
            raise typer.BadParameter(f"tls: found {found['tls']!r}, expected {expected}", param_hint=HINT)
        broker["tls"] = found["tls"]
    if "username" in found:
        broker["username"] = found["username"]
    time_server = parse_server(found["time_server"], "time_server") if "time_server" in found else None
    return station_configuration(basin, station, broker, time_server)


def _rating(basin: Basin, station: str, words: Sequence[str]) -> Mapping[str, object]:
    _pairs("new-rating", words, [])
    described = basin.station(station)
    rating = described.rating
    if rating is None:
        raise typer.BadParameter(f"{station} has no rating in the basin file", param_hint="STATION")
    table = {
        "id": rating.identifier,
        "interpolation": rating.interpolation,
        "stages_m": list(rating.stages_m),
        "discharges_m3_s": list(rating.discharges_m3_s),
    }
    return {"configuration_no": described.configuration_no, "rating": table}


# Each command that carries a text, in as many parts as it takes.
TEXTS: dict[str, Callable[[Basin, str, Sequence[str]], Mapping[str, object]]] = {
    "new-configuration": _configuration,
    "new-rating": _rating,
}
NAMES = sorted([*NUMBERS, *TEXTS])


def _compact(text: Mapping[str, object]) -> str:
    return json.dumps(text, ensure_ascii=True, separators=(",", ":"))


def _pairs(name: str, words: Sequence[str], known: Sequence[str]) -> Mapping[str, str]:
    """Return what is typed as KEY=VALUE."""
    found = dict(word.partition("=")[::2] for word in words)
    unknown = [key for key in found if key not in known]
    if unknown:
        expected = ", ".join(f"{key}=..." for key in known) or "no arguments"
        raise typer.BadParameter(f"found {', '.join(unknown)}; {name} takes {expected}", param_hint=HINT)
    return found


def _number(key: str, text: str | None, bounds: tuple[int, int]) -> int:
    low, high = bounds
    if text is None or not text.isdecimal() or not low <= int(text) <= high:
        found = "nothing" if text is None else repr(text)
        raise typer.BadParameter(f"{key}: found {found}, expected {low} to {high}", param_hint=HINT)
    return int(text)
