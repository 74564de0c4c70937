"""What a gateway that runs says of itself: whether it is ready, what stalls, and its numbers."""

import sqlite3
from collections.abc import Callable, Sequence
from time import monotonic

from gateway.alerts.standing import alert_families
from gateway.heartbeat import HEARTBEAT_S
from gateway.journal import Journal
from gateway.metrics import COUNTER, GAUGE, Family, Sample, format_metrics
from gateway.mqtt import Link
from gateway.ownership import Ownership
from gateway.progress import Progress
from gateway.room import Room
from gateway.stalls import Stage, Stalls
from gateway.worker import Worker

__all__ = ["Monitor"]

ECHO_LIMIT_S = 3 * HEARTBEAT_S
# Counts that fall when a dead letter is taken back by a replay, and what is under way: not counters to a reader.
FALLING = {"messages_refused", "messages_forged", "records_dead", "records_pending"}
MESSAGES = ("messages_received", ("messages_decoded", "messages_refused", "messages_forged"))
RECORDS = ("records_received", ("records_stored", "records_duplicate", "records_dead", "records_pending"))


class Monitor:
    """Looks at a gateway's parts from any thread and changes nothing. `followers` are the stages that have a cursor."""

    def __init__(
        self,
        link: Link,
        journal: Journal,
        progress: Progress,
        room: Room,
        stages: Sequence[Stage],
        followers: Sequence[str],
        stores: Sequence[str],
        now_ms: Callable[[], int],
        ownership: Ownership,
        workers: Callable[[], Sequence[Worker]],
    ) -> None:
        self._link = link
        self._journal = journal
        self._progress = progress
        self._room = room
        self._stalls = Stalls(stages)
        self._followers = followers
        self._stores = stores
        self._now_ms = now_ms
        self._ownership = ownership
        self._workers = workers
        self._stalled: Sequence[str] = ()
        self._refused: Sequence[str] = ()

    def note_refused(self, mistakes: Sequence[str]) -> None:
        """Note why changed files were not taken up; none when they were."""
        self._refused = mistakes

    def remarks(self) -> list[str]:
        """Return what hinders nothing and wants a person."""
        refused = [f"changed files are not taken up: {each}" for each in self._refused]
        return refused + [f"{each} is gone, and its stations are answered here" for each in self._ownership.gone()]

    def stalled(self) -> list[str]:
        """Return the stages that do not get on with work that they have; to be asked by one, every few seconds."""
        network = [] if self._link.is_running else ["network"]
        self._stalled = network + self._stalls.look(monotonic())
        return list(self._stalled)

    def hindrances(self) -> list[str]:
        """Return why the gateway cannot take and keep records now; nothing where it can."""
        found: list[str] = []
        if not self._link.is_connected:
            found.append("the broker is away")
        elif not self._link.is_subscribed:
            found.append("the broker has not granted every subscription")
        elif (age_s := self._link.echo_age_s) is None or age_s > ECHO_LIMIT_S:
            found.append(f"nothing published has come back from the broker for {ECHO_LIMIT_S:g} s")
        if self._room.is_holding:
            found.append("the journal is near its limit, until every store has taken more")
        try:
            with self._journal.transaction() as transaction:
                transaction.touch()
        except sqlite3.Error as error:
            found.append(f"the journal cannot be written: {error}")
        found += [f"{each} does not get on" for each in self._stalled]
        troubles = ((each.name, each.trouble) for each in self._workers())
        return found + [f"{name} cannot go on: {trouble}" for name, trouble in troubles if trouble is not None]

    def metrics(self) -> str:
        """Return all numbers as OpenMetrics text."""
        alerts = alert_families(self._journal, self._now_ms())
        return format_metrics([*self._counts(), *self._lags(), *self._states(), *alerts])

    def _counts(self) -> list[Family]:
        counts = self._journal.counts()
        families = [
            Family(name, GAUGE if name in FALLING else COUNTER, "since the journal began", [Sample(number)])
            for name, number in counts.items()
        ]
        for what, (whole, parts) in (("messages", MESSAGES), ("records", RECORDS)):
            unaccounted = counts[whole] - sum(counts[part] for part in parts)
            text = f"{whole} less {', '.join(parts)}: anything but 0 is a fault"
            families.append(Family(f"{what}_unaccounted", GAUGE, text, [Sample(unaccounted)]))
        return families

    def _lags(self) -> list[Family]:
        stages = [Sample(self._behind(name), (("stage", name),)) for name in self._followers]
        stores = [Sample(self._behind(name), (("store", name),)) for name in self._stores]
        ages = [Sample(self._oldest_s(name), (("store", name),)) for name in self._stores]
        return [
            Family("stage_lag_frames", GAUGE, "frames of the journal that a stage has yet to pass", stages),
            Family("store_lag_frames", GAUGE, "frames of the journal that a store has yet to take", stores),
            Family("store_lag_seconds", GAUGE, "age of the oldest frame that a store has yet to take", ages, "seconds"),
        ]

    def _states(self) -> list[Family]:
        return [
            Family("broker_connected", GAUGE, "1 while connected", [Sample(int(self._link.is_connected))]),
            Family(
                "broker_subscribed",
                GAUGE,
                "1 while every subscription is granted",
                [Sample(int(self._link.is_subscribed))],
            ),
            Family("files_refused", GAUGE, "mistakes in changed files, not taken up", [Sample(len(self._refused))]),
            Family(
                "standing_in",
                GAUGE,
                "gateways that are gone and whose stations are answered here",
                [Sample(len(self._ownership.gone()))],
            ),
            Family("holding", GAUGE, "1 while the journal is near its limit", [Sample(int(self._room.is_holding))]),
            Family("journal_bytes", GAUGE, "what its limit counts", [Sample(self._journal.used_bytes())], "bytes"),
            Family("outbox_messages", GAUGE, "what the broker has yet to take", [Sample(self._progress.owed)]),
        ]

    def _behind(self, name: str) -> int:
        # The cursor first: a head read before it may be passed already.
        cursor = self._progress.cursor(name)
        return max(0, self._progress.head - cursor)

    def _oldest_s(self, name: str) -> float:
        waiting = self._journal.frames(self._progress.cursor(name), 1)
        return max(0, self._now_ms() - waiting[0].received_at_ms) / 1000 if waiting else 0
