"""All that lies between the broker and the stores: the stages, each with a thread of its own, and what they share."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic

from gateway.announcing import Announcer, state_gone
from gateway.basin_parts import Lasting, make_parts
from gateway.clock_watch import ClockWatch
from gateway.commanding.worker import Commanding
from gateway.dead_letter_share import SHARE, DeadLetterShare
from gateway.entries import SETTLED
from gateway.expiry import Expiry
from gateway.feeding import Feeder
from gateway.flagging import FLAGGING, Flagging
from gateway.heartbeat import Heartbeat
from gateway.hmac_sha256 import hmac_sha256
from gateway.journal import Journal
from gateway.keys import Keys
from gateway.losses import Losses
from gateway.monitor import Monitor
from gateway.mqtt import BrokerAddress, Link
from gateway.ownership import Ownership
from gateway.post import RECEIPTS, Post
from gateway.progress import Progress
from gateway.quarantine import Quarantine
from gateway.reception import Reception
from gateway.rewriting import Rewriting
from gateway.room import Room
from gateway.settings import AFTER_STORE, EmbeddedSettings, Settings
from gateway.stalls import Stage, follower_stage
from gateway.stored_records import StoredRecords
from gateway.stores.store import Store, VolatileStore
from gateway.subscriptions import subscriptions
from gateway.trimming import Trimming
from gateway.worker import Worker
from protocol.topics import gateway_state_topic
from rivergauge.basin import Basin

__all__ = ["Pipeline"]

log = logging.getLogger(__name__)

CHANGE_LIMIT_S = 2.0  # how long a changed basin file waits for the steps in hand


class Pipeline:
    """The stages over a journal and stores that are open. Nothing of it works before `start`."""

    def __init__(
        self,
        settings: Settings,
        basin: Basin,
        journal: Journal,
        stores: Sequence[Store],
        address: BrokerAddress,
        now_ms: Callable[[], int],
    ) -> None:
        code, name = basin.code, settings.name
        limit_bytes = settings.journal_limit_mb << 20
        self._store_names = [store.name for store in stores]
        windows, keys = journal.load_windows(), Keys(settings.keys)
        stored = StoredRecords(code, stores, monotonic)
        losses = Losses(windows, stored.find, journal.queues(), journal.written_off(), settings.has_company)
        self._progress = Progress(journal.head(), journal.cursors(), len(journal.outbox(-1)))
        self._ownership = Ownership(settings.ownership, monotonic)
        self._clock_watch = ClockWatch(monotonic)
        dead_letters = DeadLetterShare(round(SHARE * limit_bytes), journal.dead_letter_bytes, monotonic)
        quarantine, answers_for = Quarantine(settings.limits, dead_letters), self._ownership.answers_for
        self._lasting = Lasting(
            settings, journal, keys, windows, losses, self._clock_watch, quarantine, answers_for, now_ms
        )
        parts = make_parts(basin, self._lasting)

        self.link = self._make_link(settings, code, address, now_ms)
        self._room = Room(journal, limit_bytes, on_change=lambda: self._announcer.announce())
        self.reception = Reception(
            self.link, parts.ingest, windows, journal, self._progress, self._room, lambda: trimming.wake(), now_ms
        )
        is_after_store = settings.receipts_after == AFTER_STORE
        self._post = Post(self.link, code, keys, hmac_sha256, journal, self._progress, is_after_store, answers_for)
        self._announcer = Announcer(
            name, len(basin.stations), journal, limit_bytes, self._room, self._progress, self._post
        )
        self._flagging = Flagging(parts.flagged, parts.deliveries, journal, self._progress, parts.alerts.herald)
        self._feeders = [
            Feeder(each, self._store_names, code, parts.deliveries, journal, self._progress) for each in stores
        ]
        self._commanding = Commanding(name, code, parts.key_ids, keys, hmac_sha256, journal, self._progress, now_ms)
        self._rewriting = [
            Rewriting(each, parts.deliveries, journal, self._progress)
            for each in stores
            if isinstance(each, VolatileStore)
        ]
        passed = [FLAGGING, RECEIPTS, SETTLED, *self._store_names, *(each.cursor_name for each in self._rewriting)]
        trimming = Trimming(passed, journal, self._progress, limit_bytes, self._room.is_tight)
        self._workers: list[Worker] = [
            self.reception, self._flagging, *self._feeders, *self._rewriting, self._post, trimming,
            Heartbeat(self._beat), self._commanding, *_expiries(settings, now_ms),
        ]  # fmt: skip
        self._alerting: Sequence[Worker] = parts.alerts.workers
        for worker in (self._flagging, *self._feeders, self._post):
            self._progress.listen(worker.wake)
        followers = [FLAGGING, RECEIPTS]
        self.monitor = Monitor(
            self.link, journal, self._progress, self._room, self._stages(), followers, self._store_names, now_ms,
            self._ownership, lambda: (*self._workers, *self._alerting),
        )  # fmt: skip

    def start(self) -> None:
        for worker in (*self._workers, *self._alerting):
            worker.start()
        self.link.start()

    def stop(self, ends_s: float) -> None:
        """Have every stage end its step, and wait for that until `ends_s` at most."""
        workers = [*self._workers, *self._alerting]
        for worker in workers:
            worker.stop()
        self.link.stop()
        late = [each.name for each in workers if not each.join(max(0.0, ends_s - monotonic()))]
        if late:
            log.warning("ended without waiting for: %s", ", ".join(late))

    def is_idle(self) -> bool:
        """True when nothing received waits in any queue, store, receipt or outbox.

        While the broker is away, what only the broker could take does not count.
        """
        if self.reception.has_work:
            return False
        stages = [FLAGGING, *self._store_names]
        if not self.link.is_connected:
            return self._progress.are_all_at_head(stages)
        return self._progress.are_all_at_head([*stages, RECEIPTS]) and self._progress.owed == 0

    def take_up(self, basin: Basin) -> None:
        """Go on with a changed basin file, each stage between two of its steps; the connection stays."""
        parts = make_parts(basin, self._lasting)
        flags = partial(self._flagging.take_up, parts.flagged, parts.deliveries, parts.alerts.herald)
        changed = {
            self.reception.name: self.reception.between_steps(partial(self.reception.judge_with, parts.ingest)),
            self._flagging.name: self._flagging.between_steps(flags),
            self._commanding.name: self._commanding.between_steps(partial(self._commanding.address, parts.key_ids)),
        }
        decoding: tuple[Feeder | Rewriting, ...] = (*self._feeders, *self._rewriting)
        for each in decoding:
            changed[each.name] = each.between_steps(partial(each.decode_with, parts.deliveries))
        self._announcer.stations = len(basin.stations)
        ends_s = monotonic() + CHANGE_LIMIT_S
        late = [name for name, is_done in changed.items() if not is_done.wait(max(0.0, ends_s - monotonic()))]
        if late:
            log.warning("take the changed basin file up when they get on: %s", ", ".join(late))
        for worker in self._alerting:
            worker.stop()
        for worker in self._alerting:
            worker.join(max(0.0, ends_s - monotonic()))
        self._alerting = parts.alerts.workers
        for worker in self._alerting:
            worker.start()

    def _make_link(self, settings: Settings, basin: str, address: BrokerAddress, now_ms: Callable[[], int]) -> Link:
        topics, unwanted = subscriptions(basin, settings.broker.shared_subscription)
        states: Mapping[str, Callable[[bytes], None]] = {
            gateway_state_topic(peer): partial(self._ownership.hear, peer) for peer in self._ownership.peers
        }
        return Link(
            address,
            client_id=f"rivergauge-{settings.name}",
            topics=topics,
            will=state_gone(settings.name),
            now_ms=now_ms,
            on_arrival=lambda: self.reception.wake(),
            on_connected=self._connected,
            echo_topic=gateway_state_topic(settings.name),
            watched=states,
            unwanted=unwanted,
        )

    def _stages(self) -> list[Stage]:
        return [
            Stage(self.reception, lambda: self.reception.handled, lambda: self.reception.has_work),
            Stage(self._post, lambda: self._post.position, lambda: self._post.has_work),
            follower_stage(self._flagging, FLAGGING, self._progress),
            *(
                follower_stage(each, name, self._progress)
                for each, name in zip(self._feeders, self._store_names, strict=True)
            ),
        ]

    def _connected(self) -> None:
        self._ownership.begin()
        self._announcer.announce()

    def _beat(self) -> None:
        self._clock_watch.tell(self._lasting.now_ms())
        self._announcer.announce()


def _expiries(settings: Settings, now_ms: Callable[[], int]) -> list[Expiry]:
    return [
        Expiry(each.path, each.retention_days, now_ms)
        for each in settings.stores
        if isinstance(each, EmbeddedSettings) and each.retention_days is not None
    ]
