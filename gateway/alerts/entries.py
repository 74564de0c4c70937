"""What the journal holds of alerts: what people are told, whom by which channel, and what became of it."""

import hashlib
from dataclasses import dataclass

from gateway.observations import Flag

__all__ = [
    "CLEARED",
    "DELIVERED",
    "DROPPED",
    "EMAIL",
    "LEFT",
    "PENDING",
    "PROOF",
    "RAISED",
    "REFUSED",
    "SUBSCRIBED",
    "UNACKNOWLEDGED",
    "UNDELIVERED",
    "WEBHOOK",
    "WITHDRAWN",
    "Alert",
    "Attempt",
    "Dispatch",
    "Recipient",
    "dispatch_id",
]

# Kinds of alerts.
RAISED, CLEARED, WITHDRAWN = "raised", "cleared", "withdrawn"
PROOF = "proof"  # that the chain works

EMAIL, WEBHOOK = "email", "webhook"

# Why a contact is told.
SUBSCRIBED = "subscribed"  # the contact is there for it
UNACKNOWLEDGED = "unacknowledged"  # nobody has acknowledged it in time
UNDELIVERED = "undelivered"  # a contact's server refused it

PENDING, DELIVERED, REFUSED, DROPPED = "pending", "delivered", "refused", "dropped"
LEFT = "left"  # to another gateway that has the station, for as long as that is there


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that people are told. `key` names it for ever and on every gateway, `id` on this one."""

    kind: str
    key: str
    at_ms: int  # of the gateway's clock, when it was noticed
    flag: Flag | None = None  # as it was then; None for a proof
    acknowledged_at_ms: int | None = None
    acknowledged_by: str | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact on one channel, EMAIL or WEBHOOK."""

    contact: str
    channel: str


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An alert on its way to one recipient; `id` is the same at every attempt, so that a receiver counts it once."""

    id: str
    alert: Alert
    why: str
    recipient: Recipient
    state: str  # DELIVERED and DROPPED ones are settled; all others may yet be tried
    due_ms: int  # when to try next
    attempts: int = 0
    answer: str = ""  # what the last attempt was answered

    @property
    def is_settled(self) -> bool:
        return self.state in (DELIVERED, DROPPED)


@dataclass(frozen=True, slots=True)
class Attempt:
    at_ms: int
    result: str  # DELIVERED, REFUSED, or PENDING where it is tried again
    answer: str


def dispatch_id(key: str, why: str, recipient: Recipient) -> str:
    """Return the name of a dispatch, the same on every gateway of the basin."""
    text = "\n".join((key, why, recipient.contact, recipient.channel))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
