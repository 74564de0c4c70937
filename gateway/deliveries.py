"""From a frame of the journal to what the stores are handed: decoded records, and the discharge rated from them."""

from collections.abc import Iterable
from dataclasses import replace

from gateway.batch_lines import BatchLines
from gateway.entries import DATA, FLAG, Frame
from gateway.flags import flag_from_json
from gateway.hydro.discharge import RULE, rate
from gateway.observations import Revision
from gateway.records import Value, decode_records, values_of
from gateway.stores.line_protocol import place_of
from gateway.stores.store import AUTHENTICATED, UNAUTHENTICATED, Delivery
from protocol.batch import Batch
from protocol.rating import RatingTable
from rivergauge.basin import Basin

__all__ = ["Deliveries", "primary"]

STAGE, DISCHARGE = "stage_m", "discharge_m3_s"
FIRST_REVISION = 1


class Deliveries:
    """Decodes frames, with the ratings of a basin."""

    def __init__(self, basin: Basin) -> None:
        self._basin = basin.code
        self._lines = BatchLines()
        self._ratings = {station.id: station.rating for station in basin.stations}

    def of(self, frame: Frame) -> Delivery:
        """Return the delivery of a frame; the same frame and ratings always give the same one."""
        empty = Delivery(frame.seq, self._basin, frame.station, frame.received_at_ms)
        if frame.kind == FLAG:
            return replace(empty, flag=flag_from_json(frame.payload))
        if not frame.payload:
            return empty
        batch = decode_records(frame.payload, frame.log_id)
        rating = self._ratings.get(frame.station)
        revisions = self._rate(frame, batch, rating) if rating is not None else ()
        provenance = AUTHENTICATED if frame.kind == DATA else UNAUTHENTICATED
        return replace(empty, batch=batch, fresh=frame.fresh, revisions=revisions, provenance=provenance)

    def lines_of(self, frame: Frame) -> bytes | None:
        """Return a whole batch as line protocol without an object per value; None where it must be done one by one."""
        whole = len(frame.fresh) == frame.last_no - frame.first_no + 1
        if frame.kind != DATA or not whole or not frame.payload or self._ratings.get(frame.station) is not None:
            return None
        self._lines.read(frame.payload)
        return self._lines.lines(place_of(self._basin, frame.station).encode())

    def _rate(self, frame: Frame, batch: Batch, rating: RatingTable) -> tuple[Revision, ...]:
        stages = primary(values_of(batch, frame.fresh), STAGE)
        rated = rate(((stage.value, stage.quality) for stage in stages), rating)
        return tuple(
            Revision(
                basin=self._basin,
                station=frame.station,
                sensor=stage.sensor,
                variable=DISCHARGE,
                observed_at_ms=batch.times_ms[stage.record_index],
                value=discharge_m3_s,
                quality=quality,
                rule=RULE,
                rating=rating.identifier,
                revision_no=FIRST_REVISION,
                test=batch.test,
            )
            for stage, (discharge_m3_s, quality) in zip(stages, rated, strict=True)
        )


def primary(values: Iterable[Value], variable: str) -> list[Value]:
    """Return the values of a variable by the sensor of the lowest number that measures it, in the order of time."""
    chosen = [value for value in values if value.variable == variable]
    first = min((value.sensor for value in chosen), default=None)
    return [value for value in chosen if value.sensor == first]
