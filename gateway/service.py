"""The gateway as one service: wires broker, journal, stores, flags and page, and ends them in order."""

import json
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic

from gateway.alerts.alerts import Alerts
from gateway.basin_parts import BasinParts, change_over
from gateway.clock_watch import ClockWatch
from gateway.commanding.worker import Commanding
from gateway.connecting import broker_address, make_store
from gateway.deliveries import Deliveries
from gateway.entries import SETTLED
from gateway.expiry import Expiry
from gateway.feeding import Feeder
from gateway.flagging import FLAGGING, Flagging
from gateway.heartbeat import Heartbeat
from gateway.hmac_sha256 import hmac_sha256
from gateway.ingest import Ingest
from gateway.journal import Journal
from gateway.keys import Keys
from gateway.losses import Losses
from gateway.monitor import Monitor
from gateway.mqtt import BrokerAddress, Link, Publication
from gateway.ownership import Ownership
from gateway.ownership_settings import check_owned
from gateway.pace import backfill_batches
from gateway.page import Page
from gateway.plausibility import Plausibility
from gateway.post import RECEIPTS, Post
from gateway.progress import Progress
from gateway.quarantine import Quarantine
from gateway.reception import Reception
from gateway.room import Room
from gateway.running import RunningLock
from gateway.settings import AFTER_STORE, EmbeddedSettings, Settings
from gateway.stalls import Stage, follower_stage
from gateway.stored_records import StoredRecords
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.store import Store
from gateway.subscriptions import subscriptions
from gateway.trimming import Trimming
from gateway.worker import Worker
from protocol.topics import gateway_state_topic
from rivergauge.basin import Basin

__all__ = ["Service"]

log = logging.getLogger(__name__)

STOP_LIMIT_S = 5.0
CHANGE_LIMIT_S = 2.0  # how long a changed basin file waits for the steps in hand


class Service:
    """The gateway of one basin. `now_ms` is its only clock for data; tests and the bench hand in their own."""

    def __init__(self, settings: Settings, basin: Basin, now_ms: Callable[[], int]) -> None:
        if settings.ownership is not None:
            check_owned(settings.ownership, [station.id for station in basin.stations], settings.basin)
        self._settings = settings
        self._basin = basin
        self._now_ms = now_ms
        self.journal = Journal(settings.journal)
        self._stores: list[Store] = []
        self._workers: list[Worker] = []
        self._page: Page | None = None
        self._lock = RunningLock(settings.journal)
        self._alerts: Alerts

    def start(self) -> None:
        """Open journal, stores and page and begin to work; returns at once, the broker need not be there yet.

        Raises sqlite3.Error for a file that is no journal or store, OSError for a secret or an address of the page.
        """
        address = broker_address(self._settings.broker)
        self._stores = [make_store(each) for each in self._settings.stores]
        self._lock.take()
        try:
            self.journal.open()
            for store in self._stores:
                store.open()
            self._wire(address)
            self._page = self._open_page()
        except (OSError, sqlite3.Error):
            self._close()
            raise
        for worker in self._workers:
            worker.start()
        self._link.start()

    def can_take_up(self, basin: Basin) -> bool:
        """Tell whether the gateway can go on with this basin as it runs: any change of it but another code."""
        return basin.code == self._basin.code

    def take_up(self, basin: Basin) -> None:
        """Go on with a changed basin file: its stations, ratings, thresholds and contacts, from the next message on.

        Connection, subscriptions (which name no station), page, journal and stores stay. Raises ConfigurationError
        where gateway.toml names a station that is gone.
        """
        if self._settings.ownership is not None:
            check_owned(self._settings.ownership, [station.id for station in basin.stations], self._settings.basin)
        parts = self._parts_of(basin)
        late = change_over(parts, self._reception, self._flagging, self._feeders, self._commanding, CHANGE_LIMIT_S)
        if late:
            log.warning("take the changed basin file up when they get on: %s", ", ".join(late))
        self._exchange(self._alerts.workers, parts.alerts.workers)
        if self._page is not None:
            self._page.show(basin)
        self._basin = basin
        self._alerts = parts.alerts
        self.note_refused([])

    def note_refused(self, mistakes: Sequence[str]) -> None:
        """Show people why changed files were not taken up."""
        self._monitor.note_refused(mistakes)

    def _exchange(self, old: Sequence[Worker], new: Sequence[Worker]) -> None:
        ends_s = monotonic() + CHANGE_LIMIT_S
        for worker in old:
            worker.stop()
        for worker in old:
            worker.join(max(0.0, ends_s - monotonic()))
        self._workers = [each for each in self._workers if each not in old] + list(new)
        for worker in new:
            worker.start()

    def stop(self) -> None:
        """End within 5 s. What is not acknowledged comes again from the broker; what is not sent is in the journal."""
        ends_s = monotonic() + STOP_LIMIT_S
        if self._page is not None:
            self._page.stop()
        for worker in self._workers:
            worker.stop()
        self._link.stop()
        late = [each.name for each in self._workers if not each.join(max(0.0, ends_s - monotonic()))]
        if late:
            log.warning("ended without waiting for: %s", ", ".join(late))
        self._close()

    def _close(self) -> None:
        for store in self._stores:
            store.close()
        self.journal.close()
        self._lock.give_back()

    def is_idle(self) -> bool:
        """True when nothing received waits in any queue, store, receipt or outbox.

        While the broker is away, what only the broker could take does not count.
        """
        if self._reception.has_work:
            return False
        stages = [FLAGGING, *(store.name for store in self._stores)]
        if not self._link.is_connected:
            return self._progress.are_all_at_head(stages)
        return self._progress.are_all_at_head([*stages, RECEIPTS]) and self._progress.owed == 0

    def counts(self) -> dict[str, int]:
        """Return messages received, decoded, refused and forged, and records received, stored, duplicate, dead and
        pending, since the journal began."""
        return self.journal.counts()

    @property
    def handled(self) -> int:
        """How many messages were journalled and acknowledged since the start."""
        return self._reception.handled

    def stalled(self) -> list[str]:
        """Return the stages that do not get on with work that they have; to be asked every few seconds."""
        return self._monitor.stalled()

    @property
    def is_ready(self) -> bool:
        """True while the broker has granted every subscription."""
        return self._link.is_subscribed

    @property
    def web_url(self) -> str | None:
        """The address of the page, None without one."""
        return self._page.url if self._page is not None else None

    def _wire(self, address: BrokerAddress) -> None:
        code, name = self._basin.code, self._settings.name
        windows = self.journal.load_windows()
        self._progress = Progress(self.journal.head(), self.journal.cursors(), len(self.journal.outbox(-1)))
        keys = Keys(self._settings.keys)
        has_company = self._settings.has_company
        stored = StoredRecords(code, self._stores, monotonic)
        losses = Losses(windows, stored.find, self.journal.queues(), self.journal.written_off(), has_company)
        self._clock_watch = ClockWatch(monotonic)
        quarantine = Quarantine(self._settings.limits)
        self._ownership = Ownership(self._settings.ownership, monotonic)
        answers_for = self._ownership.answers_for

        def parts_of(basin: Basin) -> BasinParts:
            accepts = self._settings.accept_unauthenticated
            senml = {station.id: station.senml if accepts else () for station in basin.stations}
            return BasinParts(
                Ingest(
                    code, senml, keys, windows, losses, Plausibility(basin), self._clock_watch, quarantine, hmac_sha256
                ),
                Deliveries(basin),
                Alerts(basin, name, self._settings.alerts, self.journal, self._now_ms, answers_for),
                self._flagged(basin),
                {station.id: station.key_id for station in basin.stations},
            )

        self._parts_of: Callable[[Basin], BasinParts] = parts_of
        parts = parts_of(self._basin)
        self._alerts = parts.alerts
        topics, unwanted = subscriptions(code, self._settings.broker.shared_subscription)
        self._link = Link(
            address,
            client_id=f"rivergauge-{name}",
            topics=topics,
            will=self._state({"state": "gone"}),
            now_ms=self._now_ms,
            on_arrival=lambda: self._reception.wake(),
            on_connected=self._connected,
            echo_topic=gateway_state_topic(name),
            watched={gateway_state_topic(peer): partial(self._ownership.hear, peer) for peer in self._ownership.peers},
            unwanted=unwanted,
        )
        self._room = Room(self.journal, self._settings.journal_limit_mb << 20, self._announce)
        self._reception: Reception = Reception(
            self._link, parts.ingest, windows, self.journal, self._progress, self._room, self._make_room, self._now_ms
        )
        is_after_store = self._settings.receipts_after == AFTER_STORE
        self._post = Post(
            self._link, code, keys, hmac_sha256, self.journal, self._progress, is_after_store, answers_for
        )
        herald = parts.alerts.herald
        flagging = Flagging(parts.flagged, parts.deliveries, self.journal, self._progress, herald)
        names = [store.name for store in self._stores]
        feeders = [Feeder(each, names, code, parts.deliveries, self.journal, self._progress) for each in self._stores]
        self._flagging: Flagging = flagging
        self._feeders: list[Feeder] = feeders
        passed = [FLAGGING, RECEIPTS, SETTLED, *names]
        self._trimming = Trimming(passed, self.journal, self._progress, self._room.is_tight)
        heartbeat = Heartbeat(self._beat)
        self._workers = [self._reception, flagging, *feeders, self._post, self._trimming, heartbeat]
        self._workers += self._alerts.workers
        commanding = Commanding(
            name, code, parts.key_ids, keys, hmac_sha256, self.journal, self._progress, self._now_ms
        )
        self._commanding: Commanding = commanding
        self._workers.append(commanding)
        for each in self._settings.stores:
            if isinstance(each, EmbeddedSettings) and each.retention_days is not None:
                self._workers.append(Expiry(each.path, each.retention_days, self._now_ms))
        for worker in (flagging, *feeders, self._post):
            self._progress.listen(worker.wake)
        stages = [
            Stage(self._reception, lambda: self._reception.handled, lambda: self._reception.has_work),
            Stage(self._post, lambda: self._post.position, lambda: self._post.has_work),
            follower_stage(flagging, FLAGGING, self._progress),
            *(follower_stage(each, name, self._progress) for each, name in zip(feeders, names, strict=True)),
        ]
        self._monitor = Monitor(
            self._link, self.journal, self._progress, self._room, stages, [FLAGGING, RECEIPTS], names, self._now_ms,
            self._ownership,
        )  # fmt: skip

    def _open_page(self) -> Page | None:
        web, embedded = self._settings.web, self._settings.embedded
        if web is None or embedded is None:
            return None
        reader, days = EmbeddedStore(embedded.path), embedded.retention_days
        page = Page(web, reader, self._basin, self._settings.bulletins, self._now_ms, self._monitor, days)
        page.start()
        return page

    def _flagged(self, basin: Basin) -> Basin:
        """Return the basin without thresholds where only a share of its records comes: half a flood is no flood."""
        if self._settings.broker.shared_subscription is None:
            return basin
        return replace(basin, stations=tuple(replace(each, thresholds=()) for each in basin.stations))

    def _connected(self) -> None:
        self._ownership.begin()
        self._announce()

    def _beat(self) -> None:
        self._clock_watch.tell(self._now_ms())
        self._announce()

    def _announce(self) -> None:
        """Have the world told whether the gateway takes records, and how fast a backlog may come."""
        if self._room.is_holding:
            self._post.announce(self._state({"state": "hold"}))
            return
        used_bytes, limit_bytes = self.journal.used_bytes(), self._settings.journal_limit_mb << 20
        behind = self._progress.head - self._progress.cursor(SETTLED)
        batches = backfill_batches(used_bytes, limit_bytes, behind, len(self._basin.stations))
        state: dict[str, str | int] = {"state": "accepting"}
        if batches is not None:
            state["backfill_batches"] = batches
        self._post.announce(self._state(state))

    def _make_room(self) -> None:
        self._trimming.wake()

    def _state(self, state: Mapping[str, str | int]) -> Publication:
        return Publication(gateway_state_topic(self._settings.name), json.dumps(state).encode(), True)
