"""Looks again and again at what has been told: escalates, proves that the chain works, lets go of what is over."""

from collections.abc import Callable, Iterable
from itertools import chain

from gateway.alerts.entries import PROOF, SUBSCRIBED, UNACKNOWLEDGED, UNDELIVERED, Alert, Recipient
from gateway.alerts.recipients import channels_of
from gateway.journal import Journal
from gateway.worker import Worker
from rivergauge.basin import Alerting, Contact

__all__ = ["Rounds"]

ROUND_EVERY_S = 10.0
DAY_MS = 86_400_000
KEPT_MS = 366 * DAY_MS  # how long what is over is kept
# What is older when there is first somebody to tell is left as it is.
ESCALATION_LIMIT_MS = 7 * DAY_MS
ATTEMPTS_KEPT_MS = 31 * DAY_MS  # of what is not over too: its count of attempts stays


class Rounds(Worker):
    """`on_told` has what was added sent."""

    def __init__(
        self, alerting: Alerting, place: str, journal: Journal, now_ms: Callable[[], int], on_told: Callable[[], None]
    ) -> None:
        """`place` is the gateway's own in keys: basin and name."""
        super().__init__("rounds of alerts")
        self._escalation = _recipients(alerting.escalation)
        self._everyone = _recipients(alerting.everyone)
        self._acknowledge_within_s = alerting.acknowledge_within_s
        self._proof_every_s = alerting.proof_every_s
        self._place = place
        self._journal = journal
        self._now_ms = now_ms
        self._on_told = on_told
        self._trimmed_at_ms = 0

    def step(self) -> float | None:
        now_ms = self._now_ms()
        unanswered = self._unanswered(now_ms)
        unproven = self._unproven(now_ms)
        gone = [each.id for each in self._journal.alerts.waiting() if each.recipient not in self._everyone]
        is_time_to_trim = not 0 <= now_ms - self._trimmed_at_ms < DAY_MS
        if unanswered or unproven or gone or is_time_to_trim:
            with self._journal.transaction() as transaction:
                for alert, why in unanswered:
                    transaction.alerts.add_dispatches(alert.id, alert.key, why, self._escalation, now_ms)
                if unproven:
                    proof = Alert(PROOF, f"{self._place}/{PROOF}/{now_ms}", now_ms)
                    transaction.alerts.add_alert(proof, SUBSCRIBED, unproven)
                for dispatch in gone:
                    transaction.alerts.drop(dispatch, "the contact is no longer in the basin file")
                transaction.alerts.trim(now_ms - KEPT_MS, now_ms - ATTEMPTS_KEPT_MS)
            self._trimmed_at_ms = now_ms
            self._on_told()
        return ROUND_EVERY_S

    def _unanswered(self, now_ms: int) -> list[tuple[Alert, str]]:
        """Return what the escalation contacts are to be told of and were not yet, and why."""
        if self._acknowledge_within_s is None:
            return []
        alerts = self._journal.alerts
        late = alerts.unacknowledged_since(now_ms - self._acknowledge_within_s * 1000)
        refused = {dispatch.alert.id: dispatch.alert for dispatch in alerts.refused()}.values()
        found = [*((alert, UNACKNOWLEDGED) for alert in late), *((alert, UNDELIVERED) for alert in refused)]
        since_ms = now_ms - self._acknowledge_within_s * 1000 - ESCALATION_LIMIT_MS
        return [(alert, why) for alert, why in found if alert.at_ms > since_ms and not alerts.is_told(alert.id, why)]

    def _unproven(self, now_ms: int) -> list[Recipient]:
        """Return whom a proof is due to; one whose last proof is still on its way gets no second one."""
        if self._proof_every_s is None:
            return []
        every_ms = self._proof_every_s * 1000
        last = self._journal.alerts.last_proofs()
        return [
            each
            for each in self._everyone
            if each not in last or (last[each].is_settled and now_ms - last[each].alert.at_ms >= every_ms)
        ]


def _recipients(contacts: Iterable[Contact]) -> list[Recipient]:
    return list(chain.from_iterable(map(channels_of, contacts)))
