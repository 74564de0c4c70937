"""Runs the thresholds over the journal: raises and clears flags, has them stored and published."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.alerts.herald import Herald
from gateway.deliveries import DISCHARGE, STAGE, Deliveries
from gateway.entries import FLAG, Frame, Outgoing
from gateway.evaluation import Evaluation, end_removed
from gateway.flags import flag_message, flag_to_json
from gateway.hydro.discharge import RULE
from gateway.journal import Journal
from gateway.observations import Flag
from gateway.progress import Progress
from gateway.records import primary
from gateway.series import Seen, in_order_of_time
from gateway.stores.store import AUTHENTICATED, Delivery
from gateway.transaction import Transaction
from gateway.worker import Worker
from protocol import topics
from rivergauge.basin import Basin, Station

__all__ = ["FLAGGING", "Flagging"]

FLAGGING = "flagging"
GROUP_LIMIT = 1000  # frames in one transaction
DAY_MS = 86_400_000
# How far back what comes late is evaluated in its place: as long as a station's queue holds its records.
KEPT_MS = 31 * DAY_MS
# Of a variable at a station: one each half minute for as long. One without measure must not fill the journal.
SEEN_LIMIT = 100_000
# A record dated years ahead would make all that is measured now look older than what is kept, and no flag would be
# raised for years. One of a day or so is evaluated: the gateway's own clock may be behind, and the flood real.
FLAGGED_AHEAD_MS = 2 * DAY_MS


@dataclass(slots=True)
class _News:
    """What a group of frames has of one variable at one station."""

    received_at_ms: int
    by_frame: list[tuple[int, list[Seen]]] = field(default_factory=list)

    def in_order(self) -> list[Seen]:
        return in_order_of_time(each for _, observations in self.by_frame for each in observations)


class Flagging(Worker):
    """Follows the journal with a cursor of its own; a flag and the state it came from are written together."""

    def __init__(
        self, basin: Basin, deliveries: Deliveries, journal: Journal, progress: Progress, herald: Herald
    ) -> None:
        super().__init__(FLAGGING)
        self._journal = journal
        self._progress = progress
        self.take_up(basin, deliveries, herald)

    def take_up(self, basin: Basin, deliveries: Deliveries, herald: Herald) -> None:
        """Go on with other thresholds; to be called between steps. Flags of those that are gone end with the next."""
        self._basin = basin.code
        self._thresholds = {station.id: station.thresholds for station in basin.stations}
        self._variables = {
            station.id: sorted({threshold.variable for threshold in station.thresholds}) for station in basin.stations
        }
        # What nothing authenticates is looked at only where a person has said so: whoever may publish could else raise
        # an alarm, or clear one.
        self._believed = {station.id: _believed(station) for station in basin.stations}
        self._deliveries = deliveries
        self._herald = herald
        self._evaluations: dict[tuple[str, str], dict[str, Evaluation]] | None = None
        self._seen_counts: dict[tuple[str, str], int] = {}  # of what is kept by station and variable

    def step(self) -> float | None:
        try:
            return self._step()
        except BaseException:
            self._evaluations = None  # read anew: nothing in memory may be ahead of the disk
            self._seen_counts.clear()
            raise

    def _step(self) -> float | None:
        frames = self._journal.frames(self._progress.cursor(FLAGGING), GROUP_LIMIT)
        if self._evaluations is None:
            self._evaluations = self._load()  # also without news: the flags of thresholds that are gone end
        if not frames:
            return None
        news = self._news(frames)
        flags: list[tuple[int, Flag]] = []
        with self._journal.transaction(can_be_repeated=True) as transaction:
            for (station, variable), its_news in news.items():
                flags += [
                    (its_news.received_at_ms, flag) for flag in self._take(transaction, station, variable, its_news)
                ]
            head = self._tell(transaction, flags)
            transaction.save_cursor(FLAGGING, frames[-1].seq)
        if flags:
            self._herald.wake()
        self._progress.move_head(head, len(flags))
        self._progress.move(FLAGGING, frames[-1].seq)
        return 0

    def _load(self) -> dict[tuple[str, str], dict[str, Evaluation]]:
        """Return the evaluations by station and variable; the flags of thresholds that are gone are cleared."""
        states = self._journal.flag_states()
        evaluations: dict[tuple[str, str], dict[str, Evaluation]] = {}
        for station, thresholds in self._thresholds.items():
            for threshold in thresholds:
                evaluation = Evaluation(self._basin, station, threshold)
                state = states.pop((station, threshold.name), None)
                if state is not None:
                    evaluation.load(state)
                evaluations.setdefault((station, threshold.variable), {})[threshold.name] = evaluation
        if states:
            self._end_removed(states)
        return evaluations

    def _end_removed(self, states: dict[tuple[str, str], str]) -> None:
        flags = [(flag.cleared_at_ms or 0, flag) for text in states.values() for flag in end_removed(text)]
        with self._journal.transaction() as transaction:
            head = self._tell(transaction, flags)
            for station, name in states:
                transaction.drop_flag_state(station, name)
        self._herald.wake()
        self._progress.move_head(head, len(flags))

    def _news(self, frames: Sequence[Frame]) -> dict[tuple[str, str], _News]:
        news: dict[tuple[str, str], _News] = {}
        for frame in frames:
            variables = self._variables.get(frame.station)
            if not frame.fresh or not variables:
                continue
            delivery = self._deliveries.of(frame)
            if delivery.batch is None or delivery.batch.test:
                continue
            for variable in variables:
                if delivery.provenance != AUTHENTICATED and variable not in self._believed[frame.station]:
                    continue
                observations = list(_series(delivery, variable))
                if observations:
                    of_variable = news.setdefault((frame.station, variable), _News(frame.received_at_ms))
                    of_variable.by_frame.append((frame.seq, observations))
        return news

    def _take(self, transaction: Transaction, station: str, variable: str, news: _News) -> list[Flag]:
        """Have every threshold of a variable take what is new, and keep it for what may come late."""
        observations = news.in_order()
        evaluations = self._of(station, variable)
        flags: list[Flag] = []
        for evaluation in evaluations.values():
            if evaluation.last_at_ms is None:
                seen = self._journal.seen(station, variable, None)
                if seen:  # by other thresholds, before this one was there
                    evaluation.begin_after(seen[-1].at_ms)
            if any(evaluation.is_late(each) for each in observations):
                earlier = self._journal.seen(station, variable, evaluation.since_ms)
                flags += evaluation.evaluate_again(in_order_of_time([*earlier, *observations]))
            else:
                flags += evaluation.follow(observations)
        for seq, its_observations in news.by_frame:
            transaction.add_seen(station, variable, seq, its_observations)
        self._let_go(transaction, station, variable, observations)
        for name, evaluation in evaluations.items():
            transaction.save_flag_state(station, name, evaluation.to_json())
        return flags

    def _let_go(self, transaction: Transaction, station: str, variable: str, observations: Sequence[Seen]) -> None:
        """Once a day, or when it is much, move the checkpoints on, and drop what was seen before them."""
        oldest_ms, newest_ms = self._journal.first_seen_ms(station, variable), observations[-1].at_ms
        kept = self._seen_counts.get((station, variable))
        if kept is None:
            kept = self._journal.count_seen(station, variable)
        self._seen_counts[station, variable] = kept + len(observations)
        end_ms = newest_ms - KEPT_MS
        if kept + len(observations) > SEEN_LIMIT:
            everything = in_order_of_time([*self._journal.seen(station, variable, None), *observations])
            end_ms = max(end_ms, everything[-SEEN_LIMIT // 2].at_ms)
        elif oldest_ms is None or oldest_ms > end_ms - DAY_MS:
            return
        del self._seen_counts[station, variable]  # counted anew with the next, when this is on disk
        for evaluation in self._of(station, variable).values():
            seen = in_order_of_time([*self._journal.seen(station, variable, evaluation.since_ms), *observations])
            evaluation.move_checkpoint(each for each in seen if each.at_ms < end_ms)
        transaction.drop_seen(station, variable, end_ms)

    def _of(self, station: str, variable: str) -> dict[str, Evaluation]:
        """Return the evaluations of a variable's thresholds, by the thresholds' names."""
        if self._evaluations is None:
            self._evaluations = self._load()
        return self._evaluations[(station, variable)]

    def _tell(self, transaction: Transaction, flags: Iterable[tuple[int, Flag]]) -> int:
        """Hand the flags to the stores and to the broker; return the seq of the last one's frame, 0 without any."""
        frames = []
        for at_ms, flag in flags:
            # A frame that carries a flag holds no records and is owed no receipt.
            frames.append(Frame(FLAG, flag.station, at_ms, b"", 0, 0, 0, (), flag_to_json(flag)))
            transaction.add_outgoing(Outgoing(topics.topic(flag.basin, flag.station, "flag"), flag_message(flag), True))
            self._herald.tell(transaction, flag)
        return transaction.add_frames(frames)


def _believed(station: Station) -> set[str]:
    """Return the variables that another maker's logger may raise flags with; rated discharge goes with its stage."""
    named = {each.variable for each in station.senml if each.raises_flags}
    return named | {DISCHARGE} if STAGE in named else named


def _series(delivery: Delivery, variable: str) -> Iterable[Seen]:
    """Yield the observations of a variable that are not far ahead of when they came."""
    last_ms = delivery.received_at_ms + FLAGGED_AHEAD_MS
    return (each for each in _dated_series(delivery, variable) if each.at_ms <= last_ms)


def _dated_series(delivery: Delivery, variable: str) -> Iterable[Seen]:
    """Return the observations of a variable; what the gateway rated goes before what a sensor measured."""
    derived = [each for each in delivery.revisions if each.variable == variable and each.rule == RULE]
    if derived:
        return [Seen(each.observed_at_ms, each.value, each.quality) for each in derived]
    batch = delivery.batch
    if batch is None:
        return []
    measured = primary(batch, delivery.fresh, variable)
    return [Seen(batch.times_ms[each.record_index], each.value, each.quality) for each in measured]
