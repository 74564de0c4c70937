"""What a station's board is told of the basin file: the content of its /station.json."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .model import Basin, Sampling, Sensor, Station
from .sensors import KINDS
from .uplink import MODEM

__all__ = ["station_configuration"]


def station_configuration(
    basin: Basin,
    station_id: str,
    broker: Mapping[str, str | int],
    time_server: Mapping[str, str | int] | None = None,
) -> dict[str, Any]:
    """Return the configuration of one station, ready for JSON; `broker` is {"host": ..., "port": ...}, with "tls" and
    "username" where the broker asks for them.

    `time_server` is a host and port too and comes before the basin file's; without either the station relies on its
    board's own clock. Raises KeyError where the basin has no such station.
    """
    station = basin.station(station_id)
    uplink = station.uplink
    servers: dict[str, Any] = {"broker": dict(broker)}
    if time_server is not None:
        servers["time_server"] = {"host": time_server["host"], "port": time_server["port"]}
    elif uplink.time_server is not None:
        servers["time_server"] = dict(zip(("host", "port"), uplink.time_server, strict=True))
    if uplink.bytes_per_day is not None:
        servers["bytes_per_day"] = uplink.bytes_per_day
    if uplink.kind == MODEM:
        servers["modem"] = {"port": uplink.port, "power_switch": uplink.power_switch, "apn": uplink.apn}
    return {
        "configuration_no": station.configuration_no,
        "basin": basin.code,
        "station": station.id,
        "key_id": station.key_id,
        **servers,
        "sampling": _sampling_configuration(station.sampling),
        **_rating_configuration(station),
        **({} if station.power is None else {"power": asdict(station.power)}),
        "sensors": [_sensor_configuration(sensor) for sensor in station.sensors],
    }


def _sampling_configuration(sampling: Sampling) -> dict[str, Any]:
    """Return the members that are there: those of a trigger only where the station has one."""
    members = asdict(sampling)
    if sampling.adaptive is not None:
        members["adaptive"] = {name: value for name, value in members["adaptive"].items() if value is not None}
    return {name: value for name, value in members.items() if value is not None}


def _rating_configuration(station: Station) -> dict[str, Any]:
    """Return the rating where the station's trigger goes by a discharge that none of its sensors measures."""
    adaptive, rating = station.sampling.adaptive, station.rating
    if adaptive is None or rating is None or adaptive.variable != "discharge_m3_s":
        return {}
    if any(KINDS[each.kind].measures_discharge for each in station.sensors if each.sensor_no == adaptive.sensor_no):
        return {}
    return {
        "rating": {
            "id": rating.identifier,
            "interpolation": rating.interpolation,
            "stages_m": rating.stages_m,
            "discharges_m3_s": rating.discharges_m3_s,
        }
    }


def _sensor_configuration(sensor: Sensor) -> dict[str, Any]:
    common = {name: getattr(sensor, name) for name in ("sensor_no", "kind", "port", "power_switch")}
    of_burst = {} if sensor.statistics is None else {"statistics": list(sensor.statistics)}
    return common | {name: getattr(sensor, name) for name in KINDS[sensor.kind].keys} | of_burst
