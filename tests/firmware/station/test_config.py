# Shared dialect: runs on MicroPython, and on CPython.
"""The configuration on the board, read strictly."""

import json

from firmware.station.config import ConfigurationError, load
from tests.firmware.station.expecting import new_folder, raises

REMOVED = object()

# name: (path to the member, its value, what the message must hold)
WRONG = {
    "no number": (("configuration_no",), REMOVED, "station.json"),
    "unknown member": (("colour",), "blue", "colour"),
    "configuration_no is text": (("configuration_no",), "1", "whole number from 0 to 65535"),
    "configuration_no is true": (("configuration_no",), True, "whole number"),
    "empty station": (("station",), "", "1 to 32 letters"),
    "broker is a text": (("broker",), "127.0.0.1", "broker"),
    "port out of range": (("broker", "port"), 65_536, "broker.port: found 65536"),
    "interval of nought": (("sampling", "record_every_s"), 0, "sampling.record_every_s"),
    "sends between records": (("sampling", "send_every_s"), 1000, "a multiple of record_every_s"),
    "sensors are no list": (("sensors",), {}, "a list"),
    "unknown kind": (("sensors", 0, "kind"), "maxbotix-hrlx", "maxbotix-hrxl"),
    "burst of nought": (("sensors", 0, "burst"), 0, "sensors[0].burst"),
    "height is a text": (("sensors", 0, "zero_distance_m"), "4.5", "sensors[0].zero_distance_m"),
    "height below a millimetre": (("sensors", 0, "zero_distance_m"), 4.5004, "whole thousandths"),
    "sensor without a port": (("sensors", 0, "port"), REMOVED, "sensors[0]."),
    "no median": (("sensors", 0, "statistics"), ["mean"], "sensors[0].statistics: found ['mean'], expected median"),
    "unknown statistic": (("sensors", 0, "statistics"), ["median", "mode"], "count, max, mean, median, min, std"),
    "a statistic that is no text": (("sensors", 0, "statistics"), ["median", {}], "sensors[0].statistics"),
    "a statistic twice": (("sensors", 0, "statistics"), ["median", "median"], "sensors[0].statistics"),
}


def configuration():
    return {
        "configuration_no": 3,
        "basin": "syr-darya",
        "station": "uchkurgan",
        "key_id": "uchkurgan-1",
        "broker": {"host": "127.0.0.1", "port": 1883},
        "sampling": {"record_every_s": 900, "send_every_s": 1800},
        "sensors": [
            {
                "sensor_no": 1,
                "kind": "maxbotix-hrxl",
                "port": 1,
                "power_switch": None,
                "burst": 7,
                "zero_distance_m": 4.507,
            }
        ],
    }


def written(table, key=bytes(32)):
    root = new_folder("configuration")
    with open(root + "/station.json", "w") as file:
        json.dump(table, file)
    with open(root + "/key.bin", "wb") as file:
        file.write(key)
    return root


def test_a_right_configuration_is_read_in_the_units_of_the_station():
    loaded = load(written(configuration(), bytes(range(32))))
    assert (loaded.basin, loaded.station, loaded.key_id) == ("syr-darya", "uchkurgan", b"uchkurgan-1")
    assert (loaded.broker_host, loaded.broker_port, loaded.configuration_no) == ("127.0.0.1", 1883, 3)
    assert (loaded.record_every_ms, loaded.send_every_ms) == (900_000, 1_800_000)
    (sensor,) = loaded.sensors
    assert (sensor.sensor_no, sensor.kind, sensor.port, sensor.power_switch) == (1, "maxbotix-hrxl", 1, None)
    assert (sensor.burst, sensor.zero_distance_mm) == (7, 4507)
    assert loaded.key == bytes(range(32))
    assert json.loads(loaded.source) == configuration()


def test_every_wrong_member_is_named_with_what_was_expected():
    for name, (path, value, expected) in sorted(WRONG.items()):
        table = configuration()
        inner = table
        for step in path[:-1]:
            inner = inner[step]
        if value is REMOVED:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        message = str(raises(ConfigurationError, load, written(table)))
        assert expected in message and "flash the station again" in message, (name, message)


def test_a_missing_or_torn_file_says_which():
    root = written(configuration(), key=bytes(31))
    assert "key.bin: found '31 bytes'" in str(raises(ConfigurationError, load, root))
    with open(root + "/station.json", "w") as file:
        file.write('{"configuration_no": 1')
    assert "station.json" in str(raises(ConfigurationError, load, root))
    assert "/station.json" in str(raises(ConfigurationError, load, root + "/absent"))


KELLER = {
    "sensor_no": 2,
    "kind": "keller-30",
    "port": 2,
    "power_switch": 2,
    "burst": 5,
    "stage_at_zero_m": -0.255,
    "modbus_address": 1,
    "barometer": "p2",
}


def test_each_kind_of_sensor_has_members_of_its_own():
    table = configuration()
    rain = {"sensor_no": 3, "kind": "tipping-bucket", "port": 1, "power_switch": None, "mm_per_pulse": 0.2}
    table["sensors"] += [KELLER, rain]
    _, keller, gauge = load(written(table)).sensors
    assert (keller.stage_at_zero_mm, keller.modbus_address, keller.barometer, keller.burst) == (-255, 1, "p2", 5)
    assert gauge.micrometres_per_pulse == 200


def test_a_member_of_another_kind_or_a_wrong_one_is_named():
    for change, expected in (
        ({"zero_distance_m": 4.5}, "the members sensor_no, kind, port, power_switch, burst, stage_at_zero_m"),
        ({"modbus_address": 251}, "modbus_address"),
        ({"barometer": "p3"}, "vented or p2"),
        ({"stage_at_zero_m": True}, "stage_at_zero_m"),
    ):
        table = configuration()
        sensor = dict(KELLER)
        sensor.update(change)
        table["sensors"].append(sensor)
        assert expected in str(raises(ConfigurationError, load, written(table))), change
