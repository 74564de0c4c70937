"""Read how a station reaches the network: over what, how much it may send, and who tells it the time."""

import re

from .model import Sensor, Uplink
from .table import Table

__all__ = ["read_uplink"]

WIFI, MODEM = "wifi", "modem"
BYTES_PER_DAY_LEAST = 1000  # one record with its receipt, and a little more
BYTES_PER_DAY_MOST = 1_000_000_000
TIME_SERVER_PORT = 123
SERVER_PATTERN = r"[0-9A-Za-z.-]{1,253}(:[0-9]{1,5})?"
APN_PATTERN = r"[0-9A-Za-z.-]{1,63}"  # 3GPP TS 23.003, 9.1


def read_uplink(station: Table, sensors: tuple[Sensor, ...]) -> Uplink:
    """Read [station.uplink]; Wi-Fi without a limit where the file has none."""
    if "uplink" not in station:
        return Uplink(WIFI)
    table = station.take_table("uplink", 'a table with kind = "wifi" or "modem"')
    kind = table.take_choice("kind", [WIFI, MODEM])
    bytes_per_day = None
    if "bytes_per_day" in table:
        bytes_per_day = table.take_integer("bytes_per_day", BYTES_PER_DAY_LEAST, BYTES_PER_DAY_MOST, "bytes")
    time_server = _read_time_server(table) if "time_server" in table else None
    uplink = Uplink(kind, bytes_per_day, time_server)
    if kind == MODEM:
        uplink = Uplink(
            kind,
            bytes_per_day,
            time_server,
            port=table.take_integer("port", 1, 8),
            power_switch=table.take_integer("power_switch", 1, 8),
            apn=table.take_text("apn", "the access point name of the SIM's operator", APN_PATTERN),
        )
        _refuse_shared(table, uplink, sensors)
    table.refuse_unknown()
    return uplink


def _read_time_server(table: Table) -> tuple[str, int] | None:
    text = table.take_text("time_server", "HOST or HOST:PORT of a server that speaks SNTP", SERVER_PATTERN)
    host, _, port = text.partition(":")
    if port and not 0 < int(port) < 65_536:
        table.note("time_server", f'"{text}"', "a port from 1 to 65535")
    return (host, int(port or TIME_SERVER_PORT)) if host else None


def _refuse_shared(table: Table, uplink: Uplink, sensors: tuple[Sensor, ...]) -> None:
    """Refuse a modem on a sensor's port, or on a supply that is switched off after each burst."""
    for key in ("port", "power_switch"):
        for sensor in sensors:
            if table.is_sound and getattr(sensor, key) == getattr(uplink, key):
                name = re.sub("_", " ", key)
                table.note(key, f"{name} {getattr(uplink, key)} of sensor {sensor.sensor_no}", "one of its own")
