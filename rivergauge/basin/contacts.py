"""Read whom a raised flag reaches: [alerts], its contacts and its escalation."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from .alerting import NOBODY, Alerting, Contact
from .model import Station
from .table import Table, refuse_repeated

__all__ = ["ALERT_LANGUAGES", "read_alerting"]

ALERT_LANGUAGES = ["en", "ru"]  # those that gateway/alerts/words.py has words in
CONTACTS_LIMIT = 50  # the gateway keeps a thread for each channel of each
DAY_S = 86_400
ACKNOWLEDGE_S = (60, 7 * DAY_S)
PROOF_S = (3600, 31 * DAY_S)
# What goes into a mail's header stays plain: one address, no name, no comment, no quotes.
EMAIL_PATTERN = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
EMAIL_LENGTH_LIMIT = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
URL_PATTERN = r"https?://[!-~]{1,2000}"


def read_alerting(root: Table, stations: Sequence[Station], states: Sequence[str]) -> Alerting:
    """Return who is told of flags; nobody where the file has no [alerts]."""
    if "alerts" not in root:
        return NOBODY
    table = root.take_table("alerts", "a table [alerts]")
    known = {
        "thresholds": sorted({threshold.name for station in stations for threshold in station.thresholds}),
        "stations": [station.id for station in stations],
        "countries": list(states),
    }
    contact_tables = table.take_tables("contact", "name", "one [[alerts.contact]] table for each contact")
    escalation_tables = table.take_tables("escalation", "name", "one [[alerts.escalation]] table for each contact")
    if not contact_tables:
        table.note("contact", "no contact", "at least one [[alerts.contact]] table, or no [alerts]")
    if len(contact_tables) + len(escalation_tables) > CONTACTS_LIMIT:
        number = str(len(contact_tables) + len(escalation_tables))
        table.note("contact", f"{number} contacts", f"at most {CONTACTS_LIMIT}: a list of addresses is for the server")
    contacts = tuple(_read_contact(each, known) for each in contact_tables)
    escalation = tuple(_read_contact(each, known) for each in escalation_tables)
    refuse_repeated([*contact_tables, *escalation_tables], "name", [each.name for each in (*contacts, *escalation)])
    has_time = "acknowledge_within_s" in table
    acknowledge_within_s = table.take_integer("acknowledge_within_s", *ACKNOWLEDGE_S, "s") if has_time else None
    if escalation_tables and not has_time:
        table.note("acknowledge_within_s", "nothing", "how long before [[alerts.escalation]] is told, such as 1800")
    if has_time and not escalation_tables:
        table.note("escalation", "no contact", "one [[alerts.escalation]] to tell, or no acknowledge_within_s")
    proof_every_s = table.take_integer("proof_every_s", *PROOF_S, "s") if "proof_every_s" in table else None
    table.refuse_unknown()
    return Alerting(contacts, escalation, acknowledge_within_s, proof_every_s)


def _read_contact(table: Table, known: Mapping[str, Sequence[str]]) -> Contact:
    contact = Contact(
        name=table.take_id("name"),
        language=table.take_choice("language", ALERT_LANGUAGES),
        email=_read_email(table) if "email" in table else None,
        webhook=_read_webhook(table) if "webhook" in table else None,
        thresholds=_read_some_of(table, "thresholds", known["thresholds"]),
        stations=_read_some_of(table, "stations", known["stations"]),
        countries=_read_some_of(table, "countries", known["countries"]),
    )
    if contact.email is None and contact.webhook is None:
        table.note("email", "neither email nor webhook", "at least one of them")
    table.refuse_unknown()
    return contact


def _read_email(table: Table) -> str:
    expected = "one address such as duty@example.org, without name or angle brackets"
    email = table.take_text("email", expected, EMAIL_PATTERN)
    if len(email) > EMAIL_LENGTH_LIMIT:
        table.note("email", f"{len(email)} characters", f"at most {EMAIL_LENGTH_LIMIT}")
    return email


def _read_webhook(table: Table) -> str:
    expected = "an address such as https://example.org/flags"
    webhook = table.take_text("webhook", expected, URL_PATTERN)
    try:
        address = urlsplit(webhook)
        port = address.port  # ValueError where it is none
    except ValueError as error:
        table.note("webhook", f'"{webhook}": {error}', expected)
        return webhook
    if webhook and (not address.hostname or port == 0):
        table.note("webhook", f'"{webhook}"', f"{expected}, with a host and a port that can be")
    if address.username is not None:
        # Not shown: it is what must not stand in this file.
        table.note("webhook", "a user's name or password", f"{expected}; secrets are named in gateway.toml")
    return webhook


def _read_some_of(table: Table, key: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the names listed, each of them one that the file has."""
    if key not in table:
        return ()
    names = table.take_texts(key, f"a list of {key} of this file, or no {key} for all", r".+")
    for name in names:
        if name not in known:
            table.note(key, f'"{name}"', "one of " + ", ".join(known))
    return tuple(names)
