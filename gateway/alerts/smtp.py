"""A session with the mail server (RFC 5321): connected, encrypted and logged in, within a deadline."""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.alerts.channel import ATTEMPT_LIMIT_S, SILENCE_LIMIT_S, deadline, shown
from gateway.alerts.settings import STARTTLS, TLS, SmtpSettings

__all__ = ["FAULTS", "reason_of", "session"]

READY = 220
FAULTS = (OSError, ValueError)  # of which smtplib's and ssl's errors are some; ValueError is for what cannot be sent


@contextmanager
def session(
    settings: SmtpSettings, tls: Callable[[], ssl.SSLContext], is_stopping: Callable[[], bool]
) -> Iterator[smtplib.SMTP]:
    """Give a client that is ready to hand a mail over; raise one of FAULTS where the server is not to be had.

    Files are read at each session, so that a password that was changed is used.
    """
    client = _client(settings, tls)
    try:
        with deadline(ATTEMPT_LIMIT_S, is_stopping, lambda: client.sock):
            _begin(client, settings, tls)
            yield client
    finally:
        client.close()


def reason_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {shown(error.smtp_error)}"
    return shown(str(error)) or type(error).__name__


def _client(settings: SmtpSettings, tls: Callable[[], ssl.SSLContext]) -> smtplib.SMTP:
    # Named as the sender's domain: looking the machine's own name up may take longer than all the rest.
    name = settings.sender.rpartition("@")[2]
    client: smtplib.SMTP
    if settings.security == TLS:
        client = smtplib.SMTP_SSL(local_hostname=name, timeout=SILENCE_LIMIT_S, context=tls())
    else:
        client = smtplib.SMTP(local_hostname=name, timeout=SILENCE_LIMIT_S)
    # The name that a certificate must have; smtplib notes it only where it connects while it is made, which would be
    # before the deadline can cut it off.
    client._host = settings.host  # type: ignore[attr-defined]
    return client


def _begin(client: smtplib.SMTP, settings: SmtpSettings, tls: Callable[[], ssl.SSLContext]) -> None:
    code, greeting = client.connect(settings.host, settings.port)
    if code != READY:
        raise smtplib.SMTPConnectError(code, greeting)
    client.ehlo_or_helo_if_needed()
    if settings.security == STARTTLS:
        client.starttls(context=tls())
        client.ehlo_or_helo_if_needed()
    if settings.username is not None and settings.password_file is not None:
        client.login(settings.username, settings.password_file.read_text().strip())
