# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station's configuration: `/station.json` and `/key.bin`, written by the flasher and read strictly."""

import json

from .members import ConfigurationError, check_members, integer, number, text
from .network_settings import read_network
from .power_settings import read_power
from .sampling_settings import read_sampling
from .sensors import KINDS
from .sensors.statistics import CODES, DEFAULT

KEY_BYTES = 32
MAY_BE_ABSENT = ("time_server", "bytes_per_day", "modem", "rating", "power")

_MEMBERS = ("configuration_no", "basin", "station", "key_id", "broker", "sampling", "sensors")
_SENSOR_MEMBERS = ("sensor_no", "kind", "port", "power_switch")  # beside these each kind has its own


class Configuration:
    """A station's configuration, checked; `source` are the bytes it was read from.

    `bytes_per_day` is how much may go over the network, None where that does not matter; `time_server` is (host, port),
    or None for a board whose clock is set in another way. `adaptive` is that member of station.json, None without a
    trigger; `rating` are the arguments of its RatingTable, if it goes by one; `power` is None on a supply without end.
    `broker_tls` is a way of `trust`, None for plain TCP; with `broker_username` goes the password in a file of its own,
    below the folder `root`. `modem` is what `modem.Modem` takes, None for the board's own radio.
    """

    __slots__ = (
        "adaptive",
        "basin",
        "broker_host",
        "broker_port",
        "broker_tls",
        "broker_username",
        "bytes_per_day",
        "configuration_no",
        "key",
        "key_id",
        "modem",
        "power",
        "rating",
        "record_every_ms",
        "root",
        "sample_every_ms",
        "send_every_ms",
        "sensors",
        "source",
        "station",
        "time_server",
    )


class SensorSettings:
    """One sensor of the configuration, with the members of its kind; without `power_switch` it is always supplied.

    `statistics` of a burst are codes of protocol.variables, in the order of the record's values. Neither class here has
    a method: one would keep this module, which only the start needs, in memory for the whole wake.
    """

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


def load(root="", path="/station.json"):
    """Return the Configuration in a file below the folder `root`, or raise ConfigurationError."""
    configuration = Configuration()
    configuration.root = root
    configuration.source = _read(root + path)
    try:
        table = json.loads(configuration.source)
    except ValueError:
        raise ConfigurationError("station.json", configuration.source[:40], "JSON")
    check_members(table, _MEMBERS, "", MAY_BE_ABSENT)
    configuration.configuration_no = integer(table, "configuration_no", 0, 0xFFFF)
    configuration.basin = text(table, "basin", 32)
    configuration.station = text(table, "station", 32)
    configuration.key_id = text(table, "key_id", 36).encode()
    read_network(configuration, table)
    read_sampling(configuration, table["sampling"], table.get("rating"))
    configuration.power = read_power(table["power"]) if "power" in table else None
    if not isinstance(table["sensors"], list):
        raise ConfigurationError("sensors", table["sensors"], "a list")
    configuration.sensors = [_sensor(entry, "sensors[%d]." % index) for index, entry in enumerate(table["sensors"])]
    configuration.key = _read(root + "/key.bin")
    if len(configuration.key) != KEY_BYTES:
        raise ConfigurationError("key.bin", "%d bytes" % len(configuration.key), "%d bytes" % KEY_BYTES)
    return configuration


def _sensor(entry, where):
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if kind not in KINDS:
        raise ConfigurationError(where + "kind", kind, "one of " + ", ".join(sorted(KINDS)))
    members = KINDS[kind][1]
    check_members(entry, _SENSOR_MEMBERS + members, where, ("statistics",) if "burst" in members else ())
    sensor = SensorSettings()
    sensor.statistics = DEFAULT
    sensor.kind = kind
    sensor.sensor_no = integer(entry, "sensor_no", 1, 255, where)
    sensor.port = integer(entry, "port", 0, 15, where)
    sensor.power_switch = entry["power_switch"]
    if sensor.power_switch is not None:
        integer(entry, "power_switch", 0, 15, where)
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
    return integer(table, name, 1, 99, where)


def _modbus_address(table, name, where):
    return integer(table, name, 1, 250, where)


def _thousandths(table, name, where):
    """Return a length in m as whole mm, or one in mm as whole micrometres: what is computed with has to be whole."""
    value = number(table, name, -100, 100, where)
    thousandths = round(value * 1000)
    if abs(value * 1000 - thousandths) > 0.01:  # a board's floats have 24 bits
        raise ConfigurationError(where + name, value, "whole thousandths")
    return thousandths


def _sdi12_address(table, name, where):
    address = text(table, name, 1, where)
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
