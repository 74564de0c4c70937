# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station's configuration: `/station.json` and `/key.bin`, written by the flasher and read strictly."""

import json

from .sensors import KINDS
from .sensors.statistics import CODES, DEFAULT

KEY_BYTES = 32
DAY_S = 86_400
MAY_BE_ABSENT = ("time_server", "bytes_per_day")

_MEMBERS = {
    "": ("configuration_no", "basin", "station", "key_id", "broker", "sampling", "sensors"),
    "broker": ("host", "port"),
    "sampling": ("record_every_s", "send_every_s"),
}
_SENSOR_MEMBERS = ("sensor_no", "kind", "port", "power_switch")  # beside these each kind has its own


class ConfigurationError(Exception):
    """What is wrong with the configuration, where, and what was expected."""

    def __init__(self, where, found, expected):
        super().__init__("%s: found %r, expected %s; flash the station again" % (where, found, expected))


class Configuration:
    """A station's configuration, checked; `source` are the bytes it was read from.

    `bytes_per_day` is how much may go over the network, None where that does not matter; `time_server` is (host, port),
    or None for a board whose clock is set in another way. `broker_tls` is a way of `trust`, None for plain TCP; with
    `broker_username` goes the password in a file of its own, below the folder `root`.
    """

    __slots__ = (
        "basin",
        "broker_host",
        "broker_port",
        "broker_tls",
        "broker_username",
        "bytes_per_day",
        "configuration_no",
        "key",
        "key_id",
        "record_every_ms",
        "root",
        "send_every_ms",
        "sensors",
        "source",
        "station",
        "time_server",
    )


class SensorSettings:
    """One sensor of the configuration, with the members of its kind; without `power_switch` it is always supplied."""

    __slots__ = (
        "barometer",
        "burst",
        "kind",
        "micrometres_per_pulse",
        "modbus_address",
        "port",
        "power_switch",
        "sdi12_address",
        "sensor_no",
        "stage_at_zero_mm",
        "statistics",
        "zero_distance_mm",
    )

    def __init__(self):
        self.statistics = DEFAULT  # of a burst: codes of protocol.variables, in the order of the record's values


def load(root=""):
    """Return the Configuration in the folder `root`, or raise ConfigurationError."""
    configuration = Configuration()
    configuration.root = root
    configuration.source = _read(root + "/station.json")
    try:
        table = json.loads(configuration.source)
    except ValueError:
        raise ConfigurationError("station.json", configuration.source[:40], "JSON")
    _check_members(table, _MEMBERS[""], "", MAY_BE_ABSENT)
    configuration.configuration_no = _integer(table, "configuration_no", 0, 0xFFFF)
    configuration.basin = _text(table, "basin", 32)
    configuration.station = _text(table, "station", 32)
    configuration.key_id = _text(table, "key_id", 36).encode()
    broker = _check_members(table["broker"], _MEMBERS["broker"], "broker", ("tls", "username"))
    configuration.broker_host = _text(broker, "host", 253, "broker.")
    configuration.broker_port = _integer(broker, "port", 1, 65_535, "broker.")
    configuration.broker_tls = broker.get("tls")
    if configuration.broker_tls not in (None, "server", "mutual"):
        raise ConfigurationError("broker.tls", configuration.broker_tls, "server or mutual")
    configuration.broker_username = _text(broker, "username", 65, "broker.") if "username" in broker else None
    configuration.bytes_per_day = None
    if table.get("bytes_per_day") is not None:
        configuration.bytes_per_day = _integer(table, "bytes_per_day", 1000, 0xFFFFFFFF)
    configuration.time_server = _time_server(table.get("time_server"))
    sampling = _check_members(table["sampling"], _MEMBERS["sampling"], "sampling")
    configuration.record_every_ms = 1000 * _integer(sampling, "record_every_s", 1, DAY_S, "sampling.")
    configuration.send_every_ms = 1000 * _integer(sampling, "send_every_s", 1, DAY_S, "sampling.")
    if configuration.send_every_ms % configuration.record_every_ms:
        raise ConfigurationError("sampling.send_every_s", sampling["send_every_s"], "a multiple of record_every_s")
    if not isinstance(table["sensors"], list):
        raise ConfigurationError("sensors", table["sensors"], "a list")
    configuration.sensors = [_sensor(entry, "sensors[%d]." % index) for index, entry in enumerate(table["sensors"])]
    configuration.key = _read(root + "/key.bin")
    if len(configuration.key) != KEY_BYTES:
        raise ConfigurationError("key.bin", "%d bytes" % len(configuration.key), "%d bytes" % KEY_BYTES)
    return configuration


def _time_server(table):
    if table is None:
        return None
    _check_members(table, ("host", "port"), "time_server")
    return _text(table, "host", 253, "time_server."), _integer(table, "port", 1, 65_535, "time_server.")


def _sensor(entry, where):
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if kind not in KINDS:
        raise ConfigurationError(where + "kind", kind, "one of " + ", ".join(sorted(KINDS)))
    members = KINDS[kind][1]
    _check_members(entry, _SENSOR_MEMBERS + members, where, ("statistics",) if "burst" in members else ())
    sensor = SensorSettings()
    sensor.kind = kind
    sensor.sensor_no = _integer(entry, "sensor_no", 1, 255, where)
    sensor.port = _integer(entry, "port", 0, 15, where)
    sensor.power_switch = entry["power_switch"]
    if sensor.power_switch is not None:
        _integer(entry, "power_switch", 0, 15, where)
    for name in members:
        attribute, read = _READERS[name]
        setattr(sensor, attribute, read(entry, name, where))
    if "statistics" in entry:
        sensor.statistics = _statistics(entry["statistics"], where)
    return sensor


def _statistics(names, where):
    is_known = isinstance(names, list) and all(isinstance(name, str) and name in CODES for name in names)
    if not is_known or "median" not in names or len(set(names)) != len(names):
        raise ConfigurationError(where + "statistics", names, "median, and others of " + ", ".join(sorted(CODES)))
    return [CODES[name] for name in names]


def _burst(table, name, where):
    return _integer(table, name, 1, 99, where)


def _modbus_address(table, name, where):
    return _integer(table, name, 1, 250, where)


def _thousandths(table, name, where):
    """Return a length in m as whole mm, or one in mm as whole micrometres: what is computed with has to be whole."""
    value = table[name]
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -100 <= value <= 100:
        raise ConfigurationError(where + name, value, "-100 to 100")
    thousandths = round(value * 1000)
    if abs(value * 1000 - thousandths) > 0.01:  # a board's floats have 24 bits
        raise ConfigurationError(where + name, value, "whole thousandths")
    return thousandths


def _sdi12_address(table, name, where):
    address = _text(table, name, 1, where)
    if not ("0" <= address <= "9" or "a" <= address <= "z" or "A" <= address <= "Z"):
        raise ConfigurationError(where + name, address, "a digit or a letter")
    return address


def _barometer(table, name, where):
    if table[name] not in ("vented", "p2"):
        raise ConfigurationError(where + name, table[name], "vented or p2")
    return table[name]


# member of a sensor in the file: (attribute of SensorSettings, how it is read)
_READERS = {
    "barometer": ("barometer", _barometer),
    "burst": ("burst", _burst),
    "mm_per_pulse": ("micrometres_per_pulse", _thousandths),
    "modbus_address": ("modbus_address", _modbus_address),
    "sdi12_address": ("sdi12_address", _sdi12_address),
    "stage_at_zero_m": ("stage_at_zero_mm", _thousandths),
    "zero_distance_m": ("zero_distance_mm", _thousandths),
}


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigurationError(path, "error %s" % error.errno, "a file that the flasher wrote")


def _check_members(table, members, where, may_be_absent=()):
    """Return the table when it has these members, and no others than those that may be absent."""
    if not isinstance(table, dict) or sorted(name for name in table if name not in may_be_absent) != sorted(members):
        found = sorted(table) if isinstance(table, dict) else table
        raise ConfigurationError("station.json " + where, found, "the members " + ", ".join(members))
    return table


def _integer(table, name, low, high, where=""):
    value = table[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigurationError(where + name, value, "a whole number from %d to %d" % (low, high))
    return value


def _text(table, name, limit, where=""):
    value = table[name]
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise ConfigurationError(where + name, value, "a text of 1 to %d letters" % limit)
    return value
