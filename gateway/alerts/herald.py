"""From a flag to alerts: what of its changes people are told, and who they are.

The law this file keeps: the alert and all its dispatches are written in the transaction that makes the flag, so that
none is there without the other, and everyone's message is due at the same instant.
"""

from collections.abc import Callable
from itertools import chain

from gateway.alerts.entries import CLEARED, RAISED, SUBSCRIBED, UNACKNOWLEDGED, WITHDRAWN, Alert, Recipient
from gateway.alerts.recipients import channels_of, wants
from gateway.observations import WITHDRAWN as BY_WITHDRAWAL
from gateway.observations import Flag
from gateway.transaction import Transaction
from rivergauge.basin import Basin

__all__ = ["Herald"]


class Herald:
    """Turns flags into alerts; `on_told` is called by `wake`, after the transaction."""

    def __init__(self, basin: Basin, now_ms: Callable[[], int], on_told: Callable[[], None]) -> None:
        self._contacts = basin.alerts.contacts
        self._countries = {station.id: station.country for station in basin.stations}
        self._now_ms = now_ms
        self._on_told = on_told

    def tell(self, transaction: Transaction, flag: Flag) -> None:
        """Have people told that a flag was raised, cleared or withdrawn; a new peak is no news."""
        subscribed = self._subscribed(flag)
        if not subscribed:
            return
        kind = _kind(flag)
        told = transaction.alerts.alerts_of(flag)
        last = told[-1].kind if told else None
        if kind == last or (last is None and kind != RAISED):
            return  # known already, or the end of what nobody was told of
        # Whoever got the escalation is to know the end of it too.
        escalated = chain.from_iterable(transaction.alerts.told(each.id, UNACKNOWLEDGED) for each in told)
        recipients = dict.fromkeys([*subscribed, *escalated])
        number = 1 + sum(each.kind == kind for each in told)
        key = f"{flag.basin}/{flag.station}/{flag.threshold}/{flag.first_detected_at_ms}/{kind}/{number}"
        transaction.alerts.add_alert(Alert(kind, key, self._now_ms(), flag), SUBSCRIBED, recipients)

    def wake(self) -> None:
        """Have what was told sent, once its transaction is on disk."""
        self._on_told()

    def _subscribed(self, flag: Flag) -> list[Recipient]:
        wanting = [each for each in self._contacts if wants(each, flag, self._countries.get(flag.station))]
        return list(chain.from_iterable(map(channels_of, wanting)))


def _kind(flag: Flag) -> str:
    if flag.state == "raised":
        return RAISED
    return WITHDRAWN if flag.cleared_by == BY_WITHDRAWAL else CLEARED
