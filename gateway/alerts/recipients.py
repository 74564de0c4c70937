"""Who is told of a flag, and by which ways."""

from collections.abc import Iterable

from gateway.alerts.entries import EMAIL, WEBHOOK, Recipient
from gateway.observations import Flag
from rivergauge.basin import Contact

__all__ = ["channels_of", "wants"]


def channels_of(contact: Contact) -> Iterable[Recipient]:
    """Yield a contact on each of its channels."""
    if contact.email is not None:
        yield Recipient(contact.name, EMAIL)
    if contact.webhook is not None:
        yield Recipient(contact.name, WEBHOOK)


def wants(contact: Contact, flag: Flag, country: str | None) -> bool:
    """Tell whether a contact is told of a flag; `country` is that of its station."""
    if contact.thresholds and flag.threshold not in contact.thresholds:
        return False
    has_all = not contact.stations and not contact.countries
    return has_all or flag.station in contact.stations or country in contact.countries
