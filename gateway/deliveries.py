"""From a frame of the journal to what the stores are handed: decoded records, and the discharge rated from them."""

from collections.abc import Iterable
from dataclasses import replace

from gateway.batch_lines import BatchLines
from gateway.entries import DATA, FLAG, Frame
from gateway.flags import flag_from_json
from gateway.hydro.discharge import RULE, rate
from gateway.observations import NO_RATING, Revision
from gateway.plausibility import Plausibility
from gateway.records import decode_records, primary, values_of
from gateway.stores.store import AUTHENTICATED, UNAUTHENTICATED, Block, BlockStore, Delivery, Sent
from protocol.batch import Batch
from protocol.quality import SUSPECT
from protocol.rating import RatingTable
from rivergauge.basin import Basin

__all__ = ["Deliveries"]

STAGE, DISCHARGE = "stage_m", "discharge_m3_s"
FIRST_REVISION = 1


class Deliveries:
    """Decodes frames, with the ratings of a basin, and with doubts where a time cannot be true."""

    def __init__(self, basin: Basin) -> None:
        self._basin = basin.code
        self._plausibility = Plausibility(basin)
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
        revisions += self._doubt(frame, batch, revisions)
        provenance = AUTHENTICATED if frame.kind == DATA else UNAUTHENTICATED
        return replace(empty, batch=batch, fresh=frame.fresh, revisions=revisions, provenance=provenance)

    def block_of(self, frame: Frame, batch: BatchLines, store: BlockStore) -> Block | None:
        """Return a whole batch as the store takes it, read by `batch`; None where it must be done record by record."""
        whole = len(frame.fresh) == frame.last_no - frame.first_no + 1
        if frame.kind != DATA or not whole or not frame.payload:
            return None
        batch.read(frame.payload)
        times_ms = batch.reader.times()
        if not self._plausibility.is_sound(frame.station, times_ms[0], times_ms[-1], frame.received_at_ms):
            return None
        sent = Sent(self._basin, frame.station, range(frame.first_no, frame.last_no + 1), times_ms)
        rating = self._ratings.get(frame.station)
        revisions: tuple[Revision, ...] = ()
        if rating is not None:
            revisions = self._rate(frame, decode_records(frame.payload, frame.log_id), rating)
        return Block(store.block_of(batch, self._basin, frame.station, revisions), sent)

    def _doubt(self, frame: Frame, batch: Batch, rated: Iterable[Revision]) -> tuple[Revision, ...]:
        """Return a revision for each value, measured or rated, whose time cannot be true: it is SUSPECT at best.

        Judged by when the frame came, so that the same frame always gives the same ones. The raw value stays as it is.
        """
        doubts = dict(self._plausibility.doubts(frame.station, batch.times_ms, frame.received_at_ms))
        if not doubts:
            return ()
        measured = [
            Revision(
                self._basin, frame.station, each.sensor, each.variable, batch.times_ms[each.record_index], each.value,
                max(each.quality, SUSPECT), doubts[each.record_index], NO_RATING, FIRST_REVISION, batch.test,
            )
            for each in values_of(batch, [index for index in frame.fresh if index in doubts])
            if each.value is not None
        ]  # fmt: skip
        rules = {batch.times_ms[index]: rule for index, rule in doubts.items()}
        derived = [
            replace(each, rule=rules[each.observed_at_ms], quality=max(each.quality, SUSPECT))
            for each in rated
            if each.value is not None and each.observed_at_ms in rules
        ]
        return (*measured, *derived)

    def _rate(self, frame: Frame, batch: Batch, rating: RatingTable) -> tuple[Revision, ...]:
        stages = primary(batch, frame.fresh, STAGE)
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
