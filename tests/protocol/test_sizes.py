"""A day of real data takes as few bytes as promised, MAC and all."""

import csv
import gzip
import hmac
import math
import statistics
from itertools import groupby

import pytest

from protocol import cose
from protocol.messages import Batch, Channel, Column, decode_data, encode_data
from protocol.variables import INSTANT, MEDIAN, code_of

RECORDS = 96
POSTS = ("FranklinBasin", "WaterLab", "MainStreet")
DAY_LIMIT_BYTES = 1.5 * 3 * RECORDS


def battery_centivolts(quarter: int) -> int:
    """Return a stated synthetic curve: a panel charges by day to 13.0 V, the load draws it down to 12.2 V by night."""
    hour = quarter / 4
    if 6 <= hour < 18:
        return round(1240 + 60 * math.sin((hour - 6) / 12 * math.pi))
    return round(1240 - 20 * ((hour - 18) % 24) / 12)


def column(rows: list[dict[str, str]], name: str, variable: str, per_unit: int, exponent: int) -> Column:
    mantissas = [None if row[name] in ("", "-9999.0") else round(float(row[name]) * per_unit) for row in rows]
    return Column(Channel(1, code_of(variable), MEDIAN, 0, exponent), mantissas)


def day_batch(rows: list[dict[str, str]]) -> Batch:
    """Return a day: stage to 0.1 mm, water temperature to 0.01 C, battery to 0.01 V."""
    battery = Column(Channel(2, code_of("battery_v"), INSTANT, 0, -2), [battery_centivolts(n) for n in range(RECORDS)])
    columns = [
        column(rows, "stage_raw_cm", "stage_m", 100, -4),
        column(rows, "water_temp_c", "water_temperature_c", 100, -2),
        battery,
    ]
    times_ms = [1_535_673_600_000 + 900_000 * index for index in range(RECORDS)]
    return Batch(0xC0FFEE01, 123_456, times_ms, columns, 1, 123_456, 123_456)


@pytest.mark.parametrize("post", POSTS)
def test_a_day_of_three_channels_takes_less_than_a_byte_and_a_half_per_value(post, shared_data):
    with gzip.open(shared_data(f"lro/{post}.csv.gz"), "rt") as file:
        days = [list(rows) for _, rows in groupby(csv.DictReader(file), lambda row: row["datetime_local"][:10])]
    batches = [day_batch(rows) for rows in days if len(rows) == RECORDS]
    sizes = []
    for day in batches:
        payload = encode_data(day)
        assert [found.mantissas for found in decode_data(payload).columns] == [said.mantissas for said in day.columns]
        sizes.append(len(cose.seal(payload, bytes(32), b"uchkurgan-1", "rg/1/b/s/data", hmac_sha256)))
    assert len(sizes) > 300
    assert max(sizes) <= DAY_LIMIT_BYTES
    assert statistics.mean(sizes) <= 0.95 * 3 * RECORDS


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")
