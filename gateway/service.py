"""The gateway as one service: opens journal, stores and page, and ends them in order."""

import sqlite3
from collections.abc import Callable, Sequence
from time import monotonic

from gateway.connecting import broker_address, make_store
from gateway.journal import Journal
from gateway.ownership_settings import check_owned
from gateway.page import Page
from gateway.pipeline import Pipeline
from gateway.running import RunningLock
from gateway.settings import Settings
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.store import Store
from rivergauge.basin import Basin

__all__ = ["Service"]

STOP_LIMIT_S = 5.0


class Service:
    """The gateway of one basin. `now_ms` is its only clock for data; tests and the bench hand in their own.

    Raises ConfigurationError where gateway.toml names a station that the basin file lacks.
    """

    def __init__(self, settings: Settings, basin: Basin, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._basin = basin
        self._now_ms = now_ms
        self._check_owned(basin)
        self.journal = Journal(settings.journal)
        self._stores: list[Store] = []
        self._page: Page | None = None
        self._lock = RunningLock(settings.journal)

    def start(self) -> None:
        """Open journal, stores and page and begin to work; returns at once, the broker need not be there yet.

        Raises sqlite3.Error for a file that is no journal or store, OSError for a secret, an address of the page, or a
        journal that another gateway runs on.
        """
        address = broker_address(self._settings.broker)
        self._stores = [make_store(each) for each in self._settings.stores]
        self._lock.take()
        try:
            self.journal.open()
            for store in self._stores:
                store.open()
            self.pipeline = Pipeline(self._settings, self._basin, self.journal, self._stores, address, self._now_ms)
            self._page = self._open_page()
        except (OSError, sqlite3.Error):
            self._close()
            raise
        self.pipeline.start()

    def stop(self) -> None:
        """End within 5 s. What is not acknowledged comes again from the broker; what is not sent is in the journal."""
        ends_s = monotonic() + STOP_LIMIT_S
        if self._page is not None:
            self._page.stop()
        self.pipeline.stop(ends_s)
        self._close()

    def can_take_up(self, basin: Basin) -> bool:
        """Tell whether the gateway can go on with this basin as it runs: any change of it but another code."""
        return basin.code == self._basin.code

    def take_up(self, basin: Basin) -> None:
        """Go on with a changed basin file: its stations, ratings, thresholds and contacts, from the next message on.

        Connection, subscriptions (which name no station), page, journal and stores stay. Raises ConfigurationError
        where gateway.toml names a station that is gone; nothing is changed then.
        """
        self._check_owned(basin)
        self.pipeline.take_up(basin)
        if self._page is not None:
            self._page.show(basin)
        self._basin = basin
        self.note_refused([])

    def note_refused(self, mistakes: Sequence[str]) -> None:
        """Show people why changed files were not taken up."""
        self.pipeline.monitor.note_refused(mistakes)

    def is_idle(self) -> bool:
        """True when nothing received waits in any queue, store, receipt or outbox.

        While the broker is away, what only the broker could take does not count.
        """
        return self.pipeline.is_idle()

    def counts(self) -> dict[str, int]:
        """Return messages received, decoded, refused and forged, and records received, stored, duplicate, dead and
        pending, since the journal began."""
        return self.journal.counts()

    @property
    def handled(self) -> int:
        """How many messages were journalled and acknowledged since the start."""
        return self.pipeline.reception.handled

    def stalled(self) -> list[str]:
        """Return the stages that do not get on with work that they have; to be asked every few seconds."""
        return self.pipeline.monitor.stalled()

    @property
    def is_ready(self) -> bool:
        """True while the broker has granted every subscription."""
        return self.pipeline.link.is_subscribed

    @property
    def web_url(self) -> str | None:
        """The address of the page, None without one."""
        return self._page.url if self._page is not None else None

    def _check_owned(self, basin: Basin) -> None:
        if self._settings.ownership is not None:
            check_owned(self._settings.ownership, [station.id for station in basin.stations], self._settings.basin)

    def _open_page(self) -> Page | None:
        web, embedded = self._settings.web, self._settings.embedded
        if web is None or embedded is None:
            return None
        reader, monitor = EmbeddedStore(embedded.path), self.pipeline.monitor
        page = Page(web, reader, self._basin, self._settings.bulletins, self._now_ms, monitor, embedded.retention_days)
        page.start()
        return page

    def _close(self) -> None:
        for store in self._stores:
            store.close()
        self.journal.close()
        self._lock.give_back()
