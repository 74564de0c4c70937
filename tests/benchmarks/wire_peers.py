"""The same records as their peers would send and read them, each in the encoding it is best at.

cbor2: one map with a column of floats per channel, so that nothing is computed per value. SenML: the values of a
channel one after the other, so that name and unit are said once, as base fields (RFC 8428, section 4.1).
"""

import hmac
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import cbor2
from influxdb_client import Point, WritePrecision

from tests.benchmarks.river_records import RECORD_EVERY_MS, Record

__all__ = [
    "CONFIGURATION_NO",
    "LOG_ID",
    "PLACE",
    "TAG_BYTES",
    "as_decimal",
    "as_float",
    "columns_in_cbor",
    "objects_in_json",
    "open_tagged",
    "read_columns",
    "senml_in_cbor",
    "tagged",
    "write_senml",
    "write_with_fstrings",
    "write_with_points",
]

BASIN, STATION = "syr-darya", "uchkurgan"
PLACE = f"basin={BASIN},station={STATION}"
LOG_ID, CONFIGURATION_NO = 0xC0FFEE01, 1
GOOD = 1
TAG_BYTES = 8
BASE_NAME, BASE_TIME, BASE_UNIT = -2, -3, -4
NAME, UNIT, VALUE, TIME = 0, 1, 2, 6

# Sensor, field, unit, attribute of a record, and how many of its steps make one unit.
CHANNELS = [
    (1, "stage_m", "m", "stage", 10_000),
    (1, "water_temperature_c", "Cel", "temperature", 100),
    (2, "battery_v", "V", "battery", 100),
]


def tagged(payload: bytes, key: bytes, topic: bytes) -> bytes:
    """Return the payload behind the HMAC-SHA-256 of topic and payload, cut to 8 bytes."""
    return hmac.digest(key, topic + payload, "sha256")[:TAG_BYTES] + payload


def open_tagged(message: bytes, key: bytes, topic: bytes) -> bytes:
    payload = message[TAG_BYTES:]
    if not hmac.compare_digest(hmac.digest(key, topic + payload, "sha256")[:TAG_BYTES], message[:TAG_BYTES]):
        raise ValueError("wrong tag")
    return payload


def columns_in_cbor(records: Sequence[Record], first_record_no: int) -> bytes:
    return cbor2.dumps(
        {
            "log": LOG_ID,
            "no": first_record_no,
            "conf": CONFIGURATION_NO,
            "t": records[0].at_ms,
            "dt": RECORD_EVERY_MS,
            "n": len(records),
            "columns": [
                [sensor, name, [getattr(record, attribute) / per_unit for record in records], {}]
                for sensor, name, _, attribute, per_unit in CHANNELS
            ],
        }
    )


def senml_in_cbor(records: Sequence[Record], number: Callable[[int, int], object]) -> bytes:
    """Return a pack; `number` makes a value of a whole number and how many of it make one unit."""
    pack: list[dict[int, object]] = []
    for sensor, name, unit, attribute, per_unit in CHANNELS:
        for index, record in enumerate(records):
            base = {BASE_NAME: f"{STATION}:{sensor}:{name}", BASE_UNIT: unit} if index == 0 else {}
            base |= {BASE_TIME: records[0].at_ms // 1000} if not pack else {}
            time = {TIME: index * RECORD_EVERY_MS // 1000} if index else {}
            pack.append(base | time | {VALUE: number(getattr(record, attribute), per_unit)})
    return cbor2.dumps(pack)


def as_float(mantissa: int, per_unit: int) -> float:
    return mantissa / per_unit


def as_decimal(mantissa: int, per_unit: int) -> Decimal:
    """Return what cbor2 writes as a decimal fraction, the shorter of the two forms that the RFC allows."""
    return Decimal(mantissa) / per_unit


def objects_in_json(records: Sequence[Record]) -> bytes:
    """Return one object per record, as loggers post them; no space between the tokens."""
    objects = [
        {"basin": BASIN, "station": STATION, "time_ms": record.at_ms}
        | {name: getattr(record, attribute) / per_unit for _, name, _, attribute, per_unit in CHANNELS}
        for record in records
    ]
    return json.dumps(objects, separators=(",", ":")).encode()


def read_columns(payload: bytes) -> dict[str, Any]:
    loaded: dict[str, Any] = cbor2.loads(payload)
    return loaded


def write_with_fstrings(batch: dict[str, Any]) -> bytes:
    by_sensor: dict[int, list[list[Any]]] = {}
    for column in batch["columns"]:
        by_sensor.setdefault(column[0], []).append(column)
    first_no, at_ms = batch["no"], batch["t"]
    record_start, record_end = (
        f"record,{PLACE} log_id={batch['log']}i,record_no=",
        (f"i,configuration_no={batch['conf']}i,clock_quality=0i,test=0i "),
    )
    lines = []
    for index in range(batch["n"]):
        lines.append(f"{record_start}{first_no + index}{record_end}{at_ms}")
        for sensor, columns in by_sensor.items():
            fields = ",".join(
                [f"{name}={values[index]},{name}_quality={qualities.get(index, GOOD)}i"
                 for _, name, values, qualities in columns]
            )  # fmt: skip
            lines.append(f"observation,{PLACE},sensor={sensor} {fields} {at_ms}")
        at_ms += batch["dt"]
    return "\n".join(lines).encode()


def write_with_points(batch: dict[str, Any]) -> bytes:
    by_sensor: dict[int, list[list[Any]]] = {}
    for column in batch["columns"]:
        by_sensor.setdefault(column[0], []).append(column)
    lines = []
    for index in range(batch["n"]):
        at_ms = batch["t"] + index * batch["dt"]
        point = Point("record").tag("basin", BASIN).tag("station", STATION)
        point.field("log_id", batch["log"]).field("record_no", batch["no"] + index)
        point.field("configuration_no", batch["conf"]).field("clock_quality", 0).field("test", 0)
        lines.append(point.time(at_ms, WritePrecision.MS).to_line_protocol())
        for sensor, columns in by_sensor.items():
            point = Point("observation").tag("basin", BASIN).tag("station", STATION).tag("sensor", str(sensor))
            for _, name, values, qualities in columns:
                point.field(name, values[index]).field(f"{name}_quality", qualities.get(index, GOOD))
            lines.append(point.time(at_ms, WritePrecision.MS).to_line_protocol())
    return "\n".join(lines).encode()


def write_senml(payload: bytes) -> bytes:
    """Return the observations of a pack."""
    name, base_time = "", 0
    lines = []
    for record in cbor2.loads(payload):
        name = record.get(BASE_NAME, name)
        base_time = record.get(BASE_TIME, base_time)
        _, sensor, variable = (name + record.get(NAME, "")).split(":")
        at_ms = round((base_time + record.get(TIME, 0)) * 1000)
        lines.append(
            f"observation,{PLACE},sensor={sensor} {variable}={record[VALUE]},{variable}_quality={GOOD}i {at_ms}"
        )
    return "\n".join(lines).encode()
