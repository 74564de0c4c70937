"""E-mail to one contact: one attempt."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from gateway.alerts.channel import Away, Delivered, Message, Outcome, Refused, shown
from gateway.alerts.settings import SmtpSettings
from gateway.alerts.smtp import FAULTS, reason_of, session

__all__ = ["MailChannel", "compose"]

PERMANENT = 500  # and above: the server does not want to be asked again (RFC 5321, 4.2.1)


class MailChannel:
    def __init__(self, settings: SmtpSettings, tls: Callable[[], ssl.SSLContext], address: str) -> None:
        self._settings = settings
        self._tls = tls
        self._address = address

    def send(self, message: Message, is_stopping: Callable[[], bool]) -> Outcome:
        try:
            with session(self._settings, self._tls, is_stopping) as client:
                return self._hand_over(client, message)
        except FAULTS as error:
            # What a server says before it is told of a message is never about the message.
            return Away(reason_of(error))

    def _hand_over(self, client: smtplib.SMTP, message: Message) -> Outcome:
        mail = compose(message, self._settings.sender, self._address)
        try:
            client.sendmail(self._settings.sender, [self._address], mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = error.recipients[self._address][0], shown(error.recipients[self._address][1])
        except smtplib.SMTPResponseException as error:  # the sender or the content
            code, answer = error.smtp_code, shown(error.smtp_error)
        else:
            with suppress(smtplib.SMTPException, OSError):
                client.quit()  # it has the message, whatever it says now
            return Delivered(f"taken by {self._settings.host}")
        return Refused(f"{code} {answer}") if code >= PERMANENT else Away(f"{code} {answer}")


def compose(message: Message, sender: str, address: str) -> bytes:
    """Return the mail, the same bytes for the same message."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = address
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at_ms // 1000, UTC))
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that nobody's absence is told to the gateway
    mail.set_content(message.text, cte="quoted-printable")
    return mail.as_bytes()
