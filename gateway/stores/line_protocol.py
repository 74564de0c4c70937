"""InfluxDB line protocol: one line for each record and sensor, a pure function of what the station sent.

    observation,basin=b,station=s,sensor=1 stage_m=1.234,stage_m_quality=1i 1535587200000
    record,basin=b,station=s log_id=7i,record_no=12i,configuration_no=1i,clock_quality=0i,test=0i 1535587200000
    revision,basin=b,station=s,sensor=1,rule=rating,rating=r,revision=1 discharge_m3_s=3.2,... 1535587200000
    flag,basin=b,station=s,threshold=t active=1i,peak=2.1,first_detected_at_ms=...i,... 1535587200000

Times are in milliseconds. A value that is missing has no field; its quality says so.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.observations import Flag, Revision
from gateway.records import values_of
from gateway.stores.store import Delivery
from protocol.batch import Batch

__all__ = ["Line", "lines_of", "place_of", "revision_line"]

# Commas, equal signs and spaces end a name; a backslash before them is the only escape there is.
ESCAPES = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})


class Line(NamedTuple):
    """One line, and the record it comes from (None for a flag)."""

    text: str
    seq: int
    record_no: int | None


def place_of(basin: str, station: str) -> str:
    """Return the tags that all lines of a station begin with."""
    return f"basin={_name(basin)},station={_name(station)}"


def lines_of(delivery: Delivery) -> Iterator[Line]:
    """Yield the lines of one delivery."""
    place = place_of(delivery.basin, delivery.station)
    batch = delivery.batch
    if batch is not None:
        for index in delivery.fresh:
            yield Line(_record_line(place, batch, index), delivery.seq, batch.first_record_no + index)
        yield from _observation_lines(place, delivery, batch)
        numbers = {batch.times_ms[index]: batch.first_record_no + index for index in delivery.fresh}
        for revision in delivery.revisions:
            yield Line(revision_line(place, revision), delivery.seq, numbers[revision.observed_at_ms])
    if delivery.flag is not None:
        yield Line(_flag_line(place, delivery.flag), delivery.seq, None)


def _record_line(place: str, batch: Batch, index: int) -> str:
    return (
        f"record,{place} log_id={batch.log_id}i,record_no={batch.first_record_no + index}i,"
        f"configuration_no={batch.configuration_no}i,clock_quality={batch.clock_quality}i,test={int(batch.test)}i"
        f" {batch.times_ms[index]}"
    )


def _observation_lines(place: str, delivery: Delivery, batch: Batch) -> Iterator[Line]:
    fields: dict[tuple[int, int], list[str]] = {}
    for value in values_of(batch, delivery.fresh):
        of_sensor = fields.setdefault((value.record_index, value.sensor), [])
        of_sensor += _value_fields(value.variable, value.value, value.quality)
    for (index, sensor), its_fields in fields.items():
        text = f"observation,{place},sensor={sensor} {','.join(its_fields)} {batch.times_ms[index]}"
        yield Line(text, delivery.seq, batch.first_record_no + index)


def revision_line(place: str, revision: Revision) -> str:
    """Return the line of what was derived from a record, without its end."""
    # Rule, rating and revision number are tags: a later revision is a point of its own, not an overwrite.
    tags = f"rule={_name(revision.rule)},rating={_name(revision.rating)},revision={revision.revision_no}"
    fields = ",".join(_value_fields(revision.variable, revision.value, revision.quality))
    series = f"revision,{place},sensor={revision.sensor},{tags}"
    return f"{series} {fields},test={int(revision.test)}i {revision.observed_at_ms}"


def _flag_line(place: str, flag: Flag) -> str:
    # The time is that of what changed, so that a clearing does not overwrite the raising.
    is_active = flag.cleared_at_ms is None
    changed_at_ms = max(flag.raised_at_ms, flag.peak_at_ms) if flag.cleared_at_ms is None else flag.cleared_at_ms
    return (
        f"flag,{place},threshold={_name(flag.threshold)},kind={_name(flag.kind)},variable={_name(flag.variable)}"
        f" active={int(is_active)}i,first_detected_at_ms={flag.first_detected_at_ms}i,"
        f"raised_at_ms={flag.raised_at_ms}i,peak={flag.peak!r},peak_at_ms={flag.peak_at_ms}i,"
        f"raise_value={flag.raise_value!r},clear_value={flag.clear_value!r} {changed_at_ms}"
    )


def _value_fields(variable: str, value: float | None, quality: int) -> Iterable[str]:
    if value is not None:
        yield f"{variable}={value!r}"
    yield f"{variable}_quality={quality}i"


def _name(text: str) -> str:
    # A backslash at the end would escape the comma that follows the tag.
    return text.translate(ESCAPES).rstrip("\\")
