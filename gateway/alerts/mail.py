"""E-mail to one contact: one attempt over SMTP (RFC 5321), with TLS unless the settings say otherwise."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from gateway.alerts.channel import (
    ATTEMPT_LIMIT_S,
    SILENCE_LIMIT_S,
    Away,
    Delivered,
    Message,
    Outcome,
    Refused,
    deadline,
    shown,
)
from gateway.alerts.settings import STARTTLS, TLS, SmtpSettings

__all__ = ["MailChannel", "compose"]

READY = 220
PERMANENT = 500  # and above: the server does not want to be asked again (RFC 5321, 4.2.1)


class MailChannel:
    """Files are read at each attempt, so that a password that was changed is used."""

    def __init__(self, settings: SmtpSettings, tls: Callable[[], ssl.SSLContext], address: str) -> None:
        self._settings = settings
        self._tls = tls
        self._address = address

    def send(self, message: Message, is_stopping: Callable[[], bool]) -> Outcome:
        try:
            client = self._client()
        except OSError as error:
            return Away(shown(str(error)))
        try:
            with deadline(ATTEMPT_LIMIT_S, is_stopping, lambda: client.sock):
                self._begin(client)
                return self._hand_over(client, message)
        except smtplib.SMTPResponseException as error:
            return Away(f"{error.smtp_code} {shown(error.smtp_error)}")
        except (OSError, ValueError) as error:  # of which smtplib's and ssl's errors are some
            return Away(shown(str(error)) or type(error).__name__)
        finally:
            client.close()

    def _client(self) -> smtplib.SMTP:
        # Named as the sender's domain: looking the machine's own name up may take longer than all the rest.
        name = self._settings.sender.rpartition("@")[2]
        client: smtplib.SMTP
        if self._settings.security == TLS:
            client = smtplib.SMTP_SSL(local_hostname=name, timeout=SILENCE_LIMIT_S, context=self._tls())
        else:
            client = smtplib.SMTP(local_hostname=name, timeout=SILENCE_LIMIT_S)
        # The name that a certificate must have; smtplib notes it only where it connects while it is made, which would
        # be before the deadline can cut it off.
        client._host = self._settings.host  # type: ignore[attr-defined]
        return client

    def _begin(self, client: smtplib.SMTP) -> None:
        """Connect, encrypt and log in; what a server says before it is told of a message is never about the message."""
        settings = self._settings
        code, greeting = client.connect(settings.host, settings.port)
        if code != READY:
            raise smtplib.SMTPConnectError(code, greeting)
        client.ehlo_or_helo_if_needed()
        if settings.security == STARTTLS:
            client.starttls(context=self._tls())
            client.ehlo_or_helo_if_needed()
        if settings.username is not None and settings.password_file is not None:
            client.login(settings.username, settings.password_file.read_text().strip())

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
