"""Sends to one recipient what is due, and keeps what came of it; one for each channel, so that none delays another."""

import logging
import sqlite3
from collections.abc import Callable
from time import monotonic

from gateway.alerts.channel import Away, Channel, Delivered, Message, Outcome, Refused
from gateway.alerts.entries import DELIVERED, PENDING, REFUSED, Attempt, Dispatch, Recipient
from gateway.complaints import Complaint
from gateway.journal import Journal
from gateway.worker import Worker

__all__ = ["Courier"]

log = logging.getLogger(__name__)

RETRY_FIRST_S, RETRY_LAST_S = 10.0, 900.0
REFUSED_AGAIN_S = 6 * 3600.0  # by then somebody may have corrected the address, on either side
WAIT_LIMIT_S = 6 * 3600.0  # that a server may ask for; nothing ever waits for longer
DISK_RETRY_S = 2.0
LOOK_EVERY_S = 5.0  # the gateway's clock may be another than the machine's
# Another gateway has the station: asked again so often. What is older is that one's to send, even where it goes: a day
# is as long as its mail server may be away without anything being lost with it.
OWNER_AGAIN_S, OWNER_LIMIT_S = 30.0, 86_400.0


class Courier(Worker):
    """`write` makes the message of a dispatch; `answers_for` tells whether this gateway has charge of a station."""

    def __init__(
        self,
        recipient: Recipient,
        channel: Channel,
        write: Callable[[Dispatch], Message],
        journal: Journal,
        now_ms: Callable[[], int],
        answers_for: Callable[[str], bool],
    ) -> None:
        super().__init__(f"alerts of {recipient.contact} by {recipient.channel}")
        self._recipient = recipient
        self._channel = channel
        self._write = write
        self._journal = journal
        self._now_ms = now_ms
        self._answers_for = answers_for
        self._complaint = Complaint(log, self.name, monotonic)

    def step(self) -> float | None:
        now_ms = self._now_ms()
        dispatch = self._journal.alerts.due(self._recipient, now_ms, _ms(WAIT_LIMIT_S))
        if dispatch is None:
            due_ms = self._journal.alerts.next_due_ms(self._recipient)
            return None if due_ms is None else min(max(due_ms - now_ms, 1) / 1000, LOOK_EVERY_S)
        flag = dispatch.alert.flag
        if flag is not None and not self._answers_for(flag.station):
            self._leave_to_owner(flag.station, now_ms)
        else:
            self._keep(dispatch, self._channel.send(self._write(dispatch), lambda: self.is_stopping))
        return 0

    def _keep(self, dispatch: Dispatch, outcome: Outcome) -> None:
        now_ms = self._now_ms()
        match outcome:
            case Delivered(answer):
                attempt, wait_s = Attempt(now_ms, DELIVERED, answer), 0.0
            case Away(reason, retry_after_s):
                attempt, wait_s = Attempt(now_ms, PENDING, reason), _wait_s(dispatch.attempts, retry_after_s)
                self._complaint.raise_(reason)
            case Refused(reason):
                attempt, wait_s = Attempt(now_ms, REFUSED, reason), REFUSED_AGAIN_S
                self._complaint.raise_(f"{reason}; it is kept, but it needs a person")
        self._write_down(dispatch, attempt, now_ms + _ms(wait_s))

    def _write_down(self, dispatch: Dispatch, attempt: Attempt, due_ms: int) -> None:
        """Keep trying until it is on disk: on one that is full for a day, people must not be told all day long."""
        while not self.is_stopping:
            try:
                with self._journal.transaction() as transaction:
                    transaction.alerts.add_attempt(dispatch.id, attempt, due_ms)
                    if attempt.result == DELIVERED:
                        # The channel works again: what has waited is not to wait any longer.
                        transaction.alerts.make_due(self._recipient, attempt.at_ms)
            except sqlite3.Error as error:
                self._complaint.raise_(f"what came of alert {dispatch.alert.id} cannot be written: {error}")
                self.rest(DISK_RETRY_S)
                continue
            if attempt.result == DELIVERED:
                self._complaint.clear()
            return

    def _leave_to_owner(self, station: str, now_ms: int) -> None:
        """Wait whether the station's own gateway goes, and only then send what that may not have sent."""
        again_ms, since_ms = now_ms + _ms(OWNER_AGAIN_S), now_ms - _ms(OWNER_LIMIT_S)
        with self._journal.transaction(can_be_repeated=True) as transaction:
            transaction.alerts.leave_to_owner(self._recipient, station, again_ms, since_ms)


def _wait_s(attempts: int, retry_after_s: float | None) -> float:
    """Return how long to wait after one more attempt than `attempts`."""
    doubled_s = RETRY_FIRST_S * 2.0 ** min(attempts, 32)
    return min(max(min(doubled_s, RETRY_LAST_S), retry_after_s or 0.0), WAIT_LIMIT_S)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
