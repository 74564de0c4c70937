"""Runs the thresholds over the journal: raises and clears flags, has them stored and published."""

from collections.abc import Sequence

from gateway.deliveries import Deliveries, primary
from gateway.entries import DATA, FLAG, Frame, Outgoing
from gateway.flags import Watch, flag_message, flag_to_json
from gateway.journal import Journal
from gateway.observations import Flag
from gateway.progress import Progress
from gateway.records import values_of
from gateway.stores.store import Delivery
from gateway.worker import Worker
from protocol.topics import flag_topic
from rivergauge.basin import Basin, Threshold

__all__ = ["FLAGGING", "Flagging"]

FLAGGING = "flagging"
GROUP_LIMIT = 1000  # frames in one transaction


class Flagging(Worker):
    """Follows the journal with a cursor of its own; a flag and the state it came from are written together."""

    def __init__(self, basin: Basin, deliveries: Deliveries, journal: Journal, progress: Progress) -> None:
        super().__init__(FLAGGING)
        self._basin = basin.code
        self._thresholds = {station.id: station.thresholds for station in basin.stations}
        self._deliveries = deliveries
        self._journal = journal
        self._progress = progress

    def step(self) -> float | None:
        frames = self._journal.frames(self._progress.cursor(FLAGGING), GROUP_LIMIT)
        if not frames:
            return None
        # Read anew for each group: after a failed transaction nothing in memory is ahead of the disk.
        watches = {key: Watch.from_json(text) for key, text in self._journal.flag_states().items()}
        touched: set[tuple[str, str]] = set()
        changed: list[tuple[Frame, Flag]] = []
        for frame in frames:
            delivery = self._deliveries.of(frame) if frame.kind == DATA and frame.fresh else None
            if delivery is None or delivery.batch is None or delivery.batch.test:
                continue
            for threshold in self._thresholds.get(frame.station, ()):
                key = (frame.station, threshold.name)
                watch = watches.setdefault(key, Watch())
                touched.add(key)
                changed += [(frame, flag) for flag in self._follow(watch, threshold, delivery)]
        with self._journal.transaction() as transaction:
            head = 0
            for frame, flag in changed:
                head = transaction.add_frame(_flag_frame(frame, flag))
                topic = flag_topic(flag.basin, flag.station)
                transaction.add_outgoing(Outgoing(topic, flag_message(flag), True))
            for station, name in touched:
                transaction.save_flag_state(station, name, watches[(station, name)].to_json())
            transaction.save_cursor(FLAGGING, frames[-1].seq)
        self._progress.move_head(head, len(changed))
        self._progress.move(FLAGGING, frames[-1].seq)
        return 0

    def _follow(self, watch: Watch, threshold: Threshold, delivery: Delivery) -> list[Flag]:
        """Return the flag's changes, each rise of its peak within one message left out but the last."""
        flags: dict[tuple[int, str], Flag] = {}
        for at_ms, value, quality in _series(delivery, threshold.variable):
            flag = watch.advance(self._basin, delivery.station, threshold, at_ms, value, quality)
            if flag is not None:
                flags[(flag.first_detected_at_ms, flag.state)] = flag
        return list(flags.values())


def _series(delivery: Delivery, variable: str) -> Sequence[tuple[int, float | None, int]]:
    """Return (time, value, quality) of a variable; what the gateway rated goes before what a sensor measured."""
    derived = [each for each in delivery.revisions if each.variable == variable]
    if derived:
        return [(each.observed_at_ms, each.value, each.quality) for each in derived]
    batch = delivery.batch
    if batch is None:
        return []
    measured = primary(values_of(batch, delivery.fresh), variable)
    return [(batch.times_ms[each.record_index], each.value, each.quality) for each in measured]


def _flag_frame(cause: Frame, flag: Flag) -> Frame:
    """Return the frame that carries a flag to the stores; it holds no records and is owed no receipt."""
    return Frame(FLAG, flag.station, cause.received_at_ms, b"", 0, 0, 0, (), flag_to_json(flag))
