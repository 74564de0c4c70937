"""Makes the channels that the basin file and the settings name."""

import ssl
from collections.abc import Callable

from gateway.alerts.channel import Away, Channel, Message, Outcome
from gateway.alerts.entries import EMAIL, Recipient
from gateway.alerts.mail import MailChannel
from gateway.alerts.recipients import channels_of
from gateway.alerts.settings import AlertSettings
from gateway.alerts.webhook import WebhookChannel
from rivergauge.basin import Basin, Contact

__all__ = ["NO_MAIL_SERVER", "make_channels"]

NO_MAIL_SERVER = "gateway.toml names no mail server; expected [alerts.smtp] with host, port and sender"


class MissingChannel:
    """What cannot be tried before a person completes the settings; what is to go by it waits."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def send(self, message: Message, is_stopping: Callable[[], bool]) -> Outcome:
        return Away(self._reason)


def make_channels(
    basin: Basin, settings: AlertSettings, now_ms: Callable[[], int]
) -> dict[Recipient, tuple[Contact, Channel]]:
    """Return the channels of all contacts, escalation included; no file is read and nothing connected yet."""

    def tls() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=settings.ca_file)

    channels: dict[Recipient, tuple[Contact, Channel]] = {}
    for contact in basin.alerts.everyone:
        for recipient in channels_of(contact):
            channels[recipient] = (contact, _make(contact, recipient, settings, tls, now_ms))
    return channels


def _make(
    contact: Contact,
    recipient: Recipient,
    settings: AlertSettings,
    tls: Callable[[], ssl.SSLContext],
    now_ms: Callable[[], int],
) -> Channel:
    if recipient.channel != EMAIL:
        return WebhookChannel(contact.webhook or "", tls, settings.webhook_token_files.get(contact.name), now_ms)
    if settings.smtp is None:
        return MissingChannel(NO_MAIL_SERVER)
    return MailChannel(settings.smtp, tls, contact.email or "")
