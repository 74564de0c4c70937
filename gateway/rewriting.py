"""Writes again to a server that was started anew what it may have lost with its memory.

The law this file keeps: its cursor passes only frames that the server has kept in one process for `kept_after_s`; none
is trimmed before.
"""

import logging
from collections import deque
from collections.abc import Callable
from time import monotonic

from gateway.deliveries import Deliveries
from gateway.journal import Journal
from gateway.log_lines import fields
from gateway.progress import Progress
from gateway.stores.store import VolatileStore, Written
from gateway.worker import Worker

__all__ = ["Rewriting"]

log = logging.getLogger(__name__)

GROUP_LIMIT = 200  # frames handed over at once
EVERY_S = 5.0


class Rewriting(Worker):
    """Follows the store's cursor. What it begins with, after a start of the gateway, is written again too."""

    def __init__(
        self,
        store: VolatileStore,
        deliveries: Deliveries,
        journal: Journal,
        progress: Progress,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(f"rewriting {store.name}")
        self.cursor_name = f"{store.name}/kept"  # no store can be called so
        self._store = store
        self._deliveries = deliveries
        self._journal = journal
        self._progress = progress
        self._now_s = now_s
        self._started: str | None = None
        self._is_new = False
        self._written: deque[tuple[float, int]] = deque()  # when the store's cursor stood where, in this process of it
        self._again_up_to = 0  # what is to be written again

    def decode_with(self, deliveries: Deliveries) -> None:
        """Go on with other ratings; to be called between steps."""
        self._deliveries = deliveries

    def step(self) -> float | None:
        written = self._progress.cursor(self._store.name)  # before it is asked: what comes later is of a later look
        started = self._store.started()
        if started is None:
            return EVERY_S
        if started != self._started:
            # What was given back just before, and is passed only now, is written again with the rest.
            self._started, self._is_new = started, True
            self._written.clear()
            return EVERY_S
        if self._is_new:
            self._is_new = False
            self._again_up_to = written
        if self._progress.cursor(self.cursor_name) < self._again_up_to:
            return self._write_again()
        self._written.append((self._now_s(), written))
        self._pass_what_is_kept()
        return EVERY_S

    def _write_again(self) -> float:
        after = self._progress.cursor(self.cursor_name)
        frames = [each for each in self._journal.frames(after, GROUP_LIMIT) if each.seq <= self._again_up_to]
        log.info("writing again to %s, which was started anew", self._store.name, extra=fields(store=self._store.name))
        outcome = self._store.write([self._deliveries.of(frame) for frame in frames])
        # What it refuses now it refused before, and is a dead letter since; the feeder tells of a store that is away.
        if not isinstance(outcome, Written):
            return EVERY_S
        self._pass(frames[-1].seq if frames else self._again_up_to)
        return 0

    def _pass_what_is_kept(self) -> None:
        long_ago_s = self._now_s() - self._store.kept_after_s
        kept = 0
        while self._written and self._written[0][0] <= long_ago_s:
            _, kept = self._written.popleft()
        if kept > self._progress.cursor(self.cursor_name):
            self._pass(kept)

    def _pass(self, seq: int) -> None:
        with self._journal.transaction(can_be_repeated=True) as transaction:
            transaction.save_cursor(self.cursor_name, seq)
        self._progress.move(self.cursor_name, seq)
