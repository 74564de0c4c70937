"""A basin with a day and a half of stage in a real embedded store: one flood, one silent station, one with faults."""

import math
from datetime import UTC, datetime
from pathlib import Path

from gateway.observations import Flag, Revision
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.store import Delivery, Written
from protocol.batch import Batch, Channel, Column
from protocol.quality import FAIL, GOOD, NO_READING, SUSPECT
from protocol.variables import COUNT, INSTANT, MEDIAN, code_of
from rivergauge.basin import Basin, Station

STEP_MS = 900_000
FROM_MS = int(datetime(2018, 8, 30, tzinfo=UTC).timestamp() * 1000)
TO_MS = FROM_MS + 144 * STEP_MS  # 36 hours later
NO_VALUE = {20, 21}  # records of akdzhar without a reading
SUSPECTED = {50}
FAILED = {60}
NEVER_RECORDED = range(90, 96)  # akdzhar was without power
LAST_OF_KOKBULAK = 8  # then it fell silent


def stage_m_at(record: int) -> float:
    """A flood wave with its peak at record 70: 0.420 m at rest, 1.905 m at the peak."""
    return round(0.42 + 1.485 * math.exp(-(((record - 70) / 14.0) ** 2)), 3)


def fill_store(path: Path, basin: Basin) -> EmbeddedStore:
    """Return a store open for reading that holds the three stations of the example basin."""
    store = EmbeddedStore(path)
    store.open()
    deliveries = [
        _delivery(1, basin, basin.station("uchkurgan"), list(range(144)), set(), {}),
        _delivery(
            2,
            basin,
            basin.station("akdzhar"),
            [record for record in range(144) if record not in NEVER_RECORDED],
            NO_VALUE,
            dict.fromkeys(SUSPECTED, SUSPECT) | dict.fromkeys(FAILED, FAIL),
        ),
        _delivery(3, basin, basin.station("kokbulak"), list(range(LAST_OF_KOKBULAK + 1)), set(), {}),
    ]
    deliveries += [
        Delivery(4, basin.code, "uchkurgan", TO_MS, flag=_flag(basin, "watch", 58, 58, 84)),
        Delivery(5, basin.code, "akdzhar", TO_MS, flag=_flag(basin, "warning", 62, 62, None, station="akdzhar")),
    ]
    assert store.write(deliveries) == Written()
    return store


def _delivery(
    seq: int, basin: Basin, station: Station, records: list[int], missing: set[int], qualities: dict[int, int]
) -> Delivery:
    stages = [None if record in missing else round(stage_m_at(record) * 1000) for record in records]
    batch = Batch(
        log_id=4_000_000 + seq,
        first_record_no=1,
        times_ms=[FROM_MS + record * STEP_MS for record in records],
        columns=[
            Column(
                Channel(1, code_of("stage_m"), MEDIAN, 0, -3),
                stages,
                null_reasons={index: NO_READING for index, stage in enumerate(stages) if stage is None},
                qualities={index: qualities[record] for index, record in enumerate(records) if record in qualities},
            ),
            Column(Channel(1, code_of("distance_m"), COUNT, 0, 0), [7] * len(records)),
            Column(Channel(0, code_of("battery_v"), INSTANT, 0, -2), [1260] * len(records)),
        ],
        configuration_no=station.configuration_no,
        oldest_held=1,
        receipted=1,
    )
    revisions = tuple(
        Revision(
            basin.code,
            station.id,
            1,
            "discharge_m3_s",
            batch.times_ms[index],
            station.rating.discharge_m3_s(stage / 1000),
            qualities.get(records[index], GOOD),
            "rating",
            station.rating.identifier,
            1,
        )
        for index, stage in enumerate(stages)
        if stage is not None and station.rating is not None
    )
    received_at_ms = batch.times_ms[-1] + 4000
    fresh = tuple(range(len(records)))
    return Delivery(seq, basin.code, station.id, received_at_ms, batch, fresh, revisions)


def _flag(basin: Basin, name: str, detected: int, raised: int, cleared: int | None, station: str = "uchkurgan") -> Flag:
    threshold = next(each for each in basin.station(station).thresholds if each.name == name)
    return Flag(
        basin=basin.code,
        station=station,
        threshold=name,
        kind=threshold.kind,
        variable=threshold.variable,
        direction=threshold.direction,
        state="raised" if cleared is None else "cleared",
        first_detected_at_ms=FROM_MS + detected * STEP_MS,
        raised_at_ms=FROM_MS + raised * STEP_MS,
        cleared_at_ms=None if cleared is None else FROM_MS + cleared * STEP_MS,
        peak=stage_m_at(70),
        peak_at_ms=FROM_MS + 70 * STEP_MS,
        raise_value=threshold.raise_value,
        clear_value=threshold.clear_value,
        source=threshold.source,
    )
