"""Whom a raised flag reaches, as plain frozen values."""

from dataclasses import dataclass

__all__ = ["NOBODY", "Alerting", "Contact"]


@dataclass(frozen=True)
class Contact:
    """One who is told of flags, in `language`, by e-mail, by webhook or by both.

    `thresholds` are the names of those the contact is told of, none for all; so `stations` and `countries` together.
    """

    name: str
    language: str
    email: str | None = None
    webhook: str | None = None
    thresholds: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alerting:
    """`escalation` are the contacts told what nobody has acknowledged in time; names are unique over both."""

    contacts: tuple[Contact, ...] = ()
    escalation: tuple[Contact, ...] = ()
    acknowledge_within_s: int | None = None  # None where there is no escalation
    proof_every_s: int | None = None  # None: no proof messages

    @property
    def everyone(self) -> tuple[Contact, ...]:
        return (*self.contacts, *self.escalation)


NOBODY = Alerting()
