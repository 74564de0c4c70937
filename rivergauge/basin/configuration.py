"""What a station's board is told of the basin file: the content of its /station.json."""

from collections.abc import Mapping
from typing import Any

from .model import Basin, Sensor
from .sensors import KINDS

__all__ = ["station_configuration"]


def station_configuration(
    basin: Basin,
    station_id: str,
    broker: Mapping[str, str | int],
    time_server: Mapping[str, str | int] | None = None,
) -> dict[str, Any]:
    """Return the configuration of one station, ready for JSON; `broker` is {"host": ..., "port": ...}.

    So is `time_server`; without one the station relies on its board's own clock. Raises KeyError where the basin has no
    such station.
    """
    station = basin.station(station_id)
    servers: dict[str, Any] = {"broker": {"host": broker["host"], "port": broker["port"]}}
    if time_server is not None:
        servers["time_server"] = {"host": time_server["host"], "port": time_server["port"]}
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
