"""A mail server on loopback (aiosmtpd) that keeps what it takes, and is strict about what a mail must be."""

import ssl
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Protocol
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

__all__ = ["MailServer"]

LINE_LIMIT = 998  # RFC 5322, 2.1.1
TAKEN = "250 OK"


class MailServer:
    """`answers` gives what is said instead of 250, by command: {"RCPT": "550 no such user"}, or by address."""

    def __init__(
        self, port: int, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None, is_tls_at_once=False
    ) -> None:
        self.port = port
        self.mails: list[tuple[str, EmailMessage]] = []  # recipient, mail
        self.answers: dict[str, str] = {}
        self._tls = tls
        self._login = login
        self._is_tls_at_once = is_tls_at_once
        self._controller: Controller | None = None

    def start(self) -> None:
        asks = {"auth_required": True, "authenticator": self._authenticate} if self._login else {}
        at_once = {"ssl_context": self._tls} if self._is_tls_at_once else {"tls_context": self._tls}
        if self._is_tls_at_once and self._login:
            asks["auth_require_tls"] = False  # aiosmtpd counts only what STARTTLS began as TLS
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **at_once, **asks)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def sent_to(self, address: str) -> list[EmailMessage]:
        return [mail for recipient, mail in self.mails if recipient == address]

    async def handle_MAIL(
        self, _server: Protocol, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", TAKEN)

    async def handle_RCPT(
        self, _server: Protocol, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.answers.get(address) or self.answers.get("RCPT", TAKEN)
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Protocol, _session: Session, envelope: Envelope) -> str:
        content: Any = envelope.original_content
        faults = _faults(content)
        if faults:
            return f"554 {faults}"
        answer = self.answers.get("DATA", TAKEN)
        if answer == TAKEN:
            mail = message_from_bytes(content, policy=SMTP)
            self.mails += [(address, mail) for address in envelope.rcpt_tos]  # type: ignore[misc]
        return answer

    def _authenticate(
        self, _server: Protocol, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self._login, handled=False)


def _faults(content: bytes) -> str:
    """Return what is wrong with a mail, nothing where it is right."""
    if not content.isascii():
        return "bytes above 127 to a server that did not offer 8BITMIME to the client's BODY="
    if b"\n" in content.replace(b"\r\n", b"") or b"\r" in content.replace(b"\r\n", b""):
        return "a line that does not end with CR LF"
    if any(len(line) > LINE_LIMIT for line in content.split(b"\r\n")):
        return f"a line longer than {LINE_LIMIT}"
    mail = message_from_bytes(content, policy=SMTP)
    single = ("From", "To", "Subject", "Date", "Message-ID")
    wrong = [name for name in single if len(mail.get_all(name, [])) != 1]
    if wrong:
        return f"not exactly one {', '.join(wrong)}"
    return "; ".join(map(str, mail.defects))
