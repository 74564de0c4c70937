# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station's configuration: `/station.json` and `/key.bin`, written by the flasher and read strictly."""

import json

from .sensors import KINDS

KEY_BYTES = 32
DAY_S = 86_400

_MEMBERS = {
    "": ("configuration_no", "basin", "station", "key_id", "broker", "sampling", "sensors"),
    "broker": ("host", "port"),
    "sampling": ("record_every_s", "send_every_s"),
    "sensors[]": ("sensor_no", "kind", "port", "power_switch", "burst", "zero_distance_m"),
}


class ConfigurationError(Exception):
    """What is wrong with the configuration, where, and what was expected."""

    def __init__(self, where, found, expected):
        super().__init__("%s: found %r, expected %s; flash the station again" % (where, found, expected))


class Configuration:
    """A station's configuration, checked; `source` are the bytes it was read from."""

    __slots__ = (
        "basin",
        "broker_host",
        "broker_port",
        "configuration_no",
        "key",
        "key_id",
        "record_every_ms",
        "send_every_ms",
        "sensors",
        "source",
        "station",
    )


class SensorSettings:
    """One sensor of the configuration; `power_switch` None means that it is always supplied."""

    __slots__ = ("burst", "kind", "port", "power_switch", "sensor_no", "zero_distance_mm")


def load(root=""):
    """Return the Configuration in the folder `root`, or raise ConfigurationError."""
    configuration = Configuration()
    configuration.source = _read(root + "/station.json")
    try:
        table = json.loads(configuration.source)
    except ValueError:
        raise ConfigurationError("station.json", configuration.source[:40], "JSON")
    _check_members(table, "")
    configuration.configuration_no = _integer(table, "configuration_no", 0, 0xFFFF)
    configuration.basin = _text(table, "basin", 32)
    configuration.station = _text(table, "station", 32)
    configuration.key_id = _text(table, "key_id", 36).encode()
    broker = _check_members(table["broker"], "broker")
    configuration.broker_host = _text(broker, "host", 253, "broker.")
    configuration.broker_port = _integer(broker, "port", 1, 65_535, "broker.")
    sampling = _check_members(table["sampling"], "sampling")
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


def _sensor(entry, where):
    _check_members(entry, "sensors[]", where)
    sensor = SensorSettings()
    sensor.sensor_no = _integer(entry, "sensor_no", 1, 255, where)
    sensor.kind = _text(entry, "kind", 32, where)
    if sensor.kind not in KINDS:
        raise ConfigurationError(where + "kind", sensor.kind, "one of " + ", ".join(sorted(KINDS)))
    sensor.port = _integer(entry, "port", 0, 15, where)
    sensor.power_switch = entry["power_switch"]
    if sensor.power_switch is not None:
        _integer(entry, "power_switch", 0, 15, where)
    sensor.burst = _integer(entry, "burst", 1, 99, where)
    zero_m = entry["zero_distance_m"]
    if not isinstance(zero_m, (int, float)) or not 0 <= zero_m <= 100:
        raise ConfigurationError(where + "zero_distance_m", zero_m, "0 to 100")
    # Stage is computed in whole millimetres, so the height it hangs on has to be one.
    sensor.zero_distance_mm = round(zero_m * 1000)
    if abs(zero_m * 1000 - sensor.zero_distance_mm) > 0.001:
        raise ConfigurationError(where + "zero_distance_m", zero_m, "whole millimetres")
    return sensor


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigurationError(path, "error %s" % error.errno, "a file that the flasher wrote")


def _check_members(table, name, where=None):
    """Return the table when it has the members it must have and no others."""
    where = name if where is None else where
    if not isinstance(table, dict) or sorted(table) != sorted(_MEMBERS[name]):
        found = sorted(table) if isinstance(table, dict) else table
        raise ConfigurationError("station.json " + where, found, "the members " + ", ".join(_MEMBERS[name]))
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
