"""What a station's board is told of the basin file: the content of its /station.json."""

from collections.abc import Mapping
from typing import Any

from .model import Basin, Sensor
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
        "sampling": {
            "record_every_s": station.sampling.record_every_s,
            "send_every_s": station.sampling.send_every_s,
        },
        "sensors": [_sensor_configuration(sensor) for sensor in station.sensors],
    }


def _sensor_configuration(sensor: Sensor) -> dict[str, Any]:
    common = {name: getattr(sensor, name) for name in ("sensor_no", "kind", "port", "power_switch")}
    of_burst = {} if sensor.statistics is None else {"statistics": list(sensor.statistics)}
    return common | {name: getattr(sensor, name) for name in KINDS[sensor.kind].keys} | of_burst
