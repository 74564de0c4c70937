"""Records of a river to measure with: real 15-minute data beside the checkout, or a stated synthetic river."""

import csv
import gzip
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.conftest import SHARED_DATA
from tests.protocol.test_sizes import battery_centivolts

__all__ = ["DAY_RECORDS", "RECORD_EVERY_MS", "Days", "Record", "river_days"]

DAY_RECORDS = 96
RECORD_EVERY_MS = 900_000
FIRST_MS = 1_546_300_800_000  # 2019-01-01T00:00:00Z
POST = "WaterLab"
DAYS_LIMIT = 365
SYNTHETIC_SEED = 20180831


@dataclass(frozen=True)
class Record:
    """One instant: stage to 0.1 mm, water temperature to 0.01 C, battery to 0.01 V, each as a whole number of those."""

    at_ms: int
    stage: int
    temperature: int
    battery: int


@dataclass(frozen=True)
class Days:
    """Complete days of 96 records each, and where they are from."""

    source: str
    days: list[list[Record]]


def river_days(data: Path = SHARED_DATA) -> Days:
    """Return real days of the folder `data`, or synthetic ones where it is not there."""
    path = data / "lro" / f"{POST}.csv.gz"
    if not path.exists():
        return Days("SYNTHETIC stage and temperature (no real data beside the checkout)", list(_synthetic_days()))
    with gzip.open(path, "rt") as file:
        days = [list(rows) for _, rows in groupby(csv.DictReader(file), lambda row: row["datetime_local"][:10])]
    complete = [day for day in days if len(day) == DAY_RECORDS and all(map(_is_complete, day))]
    real = [
        [_record(day, n, _scaled(row["stage_raw_cm"]), _scaled(row["water_temp_c"])) for n, row in enumerate(rows)]
        for day, rows in enumerate(complete[:DAYS_LIMIT])
    ]
    source = f"{len(real)} complete days of stage and water temperature, Logan River Observatory, {POST}, from 2019 on"
    return Days(source, real)


def _record(day: int, quarter: int, stage: int, temperature: int) -> Record:
    at_ms = FIRST_MS + (day * DAY_RECORDS + quarter) * RECORD_EVERY_MS
    return Record(at_ms, stage, temperature, battery_centivolts(quarter))


def _is_complete(row: dict[str, str]) -> bool:
    return all(row[name] not in ("", "-9999.0", "-9999") for name in ("stage_raw_cm", "water_temp_c"))


def _scaled(text: str) -> int:
    """Return centimetres in 0.1 mm, or degrees in 0.01 C."""
    return round(float(text) * 100)


def _synthetic_days() -> Iterator[list[Record]]:
    chance = random.Random(SYNTHETIC_SEED)
    for day in range(30):
        records = []
        for quarter in range(DAY_RECORDS):
            turn = 2 * math.pi * quarter / DAY_RECORDS
            stage = round(6300 + 40 * math.sin(turn + day) + chance.gauss(0, 5))
            temperature = round(600 + 150 * math.sin(turn) + chance.gauss(0, 3))
            records.append(_record(day, quarter, stage, temperature))
        yield records
