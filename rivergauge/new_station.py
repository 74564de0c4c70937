"""`rivergauge station new`: a station added to the basin file, with what no default can know asked for."""

import dataclasses
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rivergauge.basin import BasinError, load_basin

__all__ = ["new"]

TEMPLATE = """
[[station]]
id = {id}
names = {names}
river = {river}
country = {country}
latitude_deg = {latitude}
longitude_deg = {longitude}
configuration_no = 1
key_id = {key_id}

[station.gauge_datum]
height_m = {height}
system = {system}

[station.sampling]
record_every_s = 900
send_every_s = 900

[[station.sensor]]
sensor_no = 1
kind = "maxbotix-hrxl-wrl"
port = 1
power_switch = 1
burst = 7
zero_distance_m = {zero_distance}

[[station.threshold]]
name = "warning"
kind = "level"
variable = "stage_m"
direction = "above"
raise_value = {warning}
clear_value = {cleared}
raise_after_s = 0
clear_after_s = 3600
source = {warning_source}
valid_from = {today}
"""
CLEARED_BELOW_M = 0.2  # the warning's stage, so that a river at the mark does not raise it again and again


def new(
    station: Annotated[str, typer.Option("--station", help="The new station's id: a-z, 0-9 and -.")],
    name: Annotated[str, typer.Option(help="Its name; translate it in the file.")],
    river: Annotated[str, typer.Option(help="The river's name; translate it in the file.")],
    country: Annotated[str, typer.Option(help="One of the states of the basin file.")],
    latitude: Annotated[float, typer.Option(help="In degrees north.")],
    longitude: Annotated[float, typer.Option(help="In degrees east.")],
    gauge_zero: Annotated[float, typer.Option(metavar="M", help="The height of gauge zero, in m.")],
    height_system: Annotated[str, typer.Option(help='In which height system, such as "Baltic 1977".')],
    zero_distance: Annotated[float, typer.Option(metavar="M", help="The range its sensor reads at stage 0, in m.")],
    warning_stage: Annotated[float, typer.Option(metavar="M", help="The stage from which to warn, in m.")],
    warning_source: Annotated[str, typer.Option(help="Who set it.")],
    basin: Annotated[Path, typer.Option(help="The basin file.")] = Path("basin.toml"),
) -> None:
    """Add a station with one ultrasonic sensor and one threshold to the basin file; the file is left as it is where the
    two do not fit.

    Example: rivergauge station new --station kampyrravat --name Kampyrravat --river "Kara Darya" --country UZ
    --latitude 40.7 --longitude 73.0 --gauge-zero 620.5 --height-system "Baltic 1977" --zero-distance 9.5
    --warning-stage 2.5 --warning-source "Uzhydromet, letter of 3 March 2026"
    """
    languages = load_basin(basin).languages
    text = TEMPLATE.format(
        id=_quoted(station),
        names=_in_each(languages, name),
        river=_in_each(languages, river),
        country=_quoted(country),
        latitude=latitude,
        longitude=longitude,
        key_id=_quoted(f"{station[:30]}-1"),
        height=gauge_zero,
        system=_quoted(height_system),
        zero_distance=zero_distance,
        warning=warning_stage,
        cleared=round(warning_stage - CLEARED_BELOW_M, 3),
        warning_source=_quoted(warning_source),
        today=datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z"),
    )
    unfinished = basin.with_name(basin.name + ".new")
    unfinished.write_text(basin.read_text("utf-8").rstrip("\n") + "\n\n" + text, "utf-8")
    try:
        load_basin(unfinished)
        os.replace(unfinished, basin)
    except BasinError as error:
        # Of the new station alone, at lines that no file has.
        raise BasinError([dataclasses.replace(each, file=basin, line=None) for each in error.problems]) from None
    finally:
        unfinished.unlink(missing_ok=True)
    typer.echo(f"{basin}: {station} added; translate its names, describe its sensor, then `rivergauge station flash`")


def _in_each(languages: tuple[str, ...], text: str) -> str:
    return "{ " + ", ".join(f"{language} = {_quoted(text)}" for language in languages) + " }"


def _quoted(text: str) -> str:
    """Return a basic string of TOML, which JSON's escapes are a part of."""
    return json.dumps(text, ensure_ascii=False)
