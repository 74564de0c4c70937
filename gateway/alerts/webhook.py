"""A webhook of one contact: one attempt to POST the message as JSON."""

import json
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from gateway.alerts.channel import (
    ANSWER_LIMIT,
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
from gateway.times import format_utc

__all__ = ["VERSION", "WebhookChannel"]

VERSION = 1
# Of the 4xx those that pass by themselves: timeout, conflict (another attempt is under way), too early, too many.
TRY_AGAIN = (408, 409, 425, 429)

FAULTS = (OSError, ValueError, HTTPException)


class WebhookChannel:
    """`token_file`, read at each attempt, holds what is sent as `Authorization: Bearer`."""

    def __init__(
        self, url: str, tls: Callable[[], ssl.SSLContext], token_file: Path | None, now_ms: Callable[[], int]
    ) -> None:
        self._url = urlsplit(url)
        self._tls = tls
        self._token_file = token_file
        self._now_ms = now_ms

    def send(self, message: Message, is_stopping: Callable[[], bool]) -> Outcome:
        try:
            connection = self._connection()
        except OSError as error:
            return Away(shown(str(error)))
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        body = {"version": VERSION, "id": message.id, "written_at": format_utc(message.at_ms)}
        body |= {"subject": message.subject, "text": message.text, **message.facts}
        try:
            with deadline(ATTEMPT_LIMIT_S, is_stopping, lambda: connection.sock):
                connection.request("POST", path, json.dumps(body).encode(), self._headers(message.id))
                answer = connection.getresponse()
                text = b""
                with suppress(*FAULTS):
                    text = answer.read(ANSWER_LIMIT)  # for people; what counts is said already
                return self._judge(answer, shown(text))
        except FAULTS as error:
            return Away(shown(f"{type(error).__name__}: {error}"))
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return HTTPSConnection(host, port, timeout=SILENCE_LIMIT_S, context=self._tls())
        return HTTPConnection(host, port, timeout=SILENCE_LIMIT_S)

    def _headers(self, message_id: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": message_id, "User-Agent": "rivergauge"}
        if self._token_file is not None:
            headers["Authorization"] = f"Bearer {self._token_file.read_text().strip()}"
        return headers

    def _judge(self, answer: HTTPResponse, text: str) -> Outcome:
        said = f"{answer.status} {text}".rstrip()
        if 200 <= answer.status < 300:
            return Delivered(said)
        if answer.status >= 500 or answer.status in TRY_AGAIN:
            return Away(said, self._retry_after_s(answer.getheader("Retry-After")))
        # A redirect too: where messages go is for the basin file to say.
        return Refused(said)

    def _retry_after_s(self, header: str | None) -> float | None:
        """Return the seconds that the server asks to be left alone for (RFC 9110, 10.2.3), None where it does not."""
        if header is None:
            return None
        if header.isascii() and header.isdigit():
            return float(header[:9])
        try:
            return max(0.0, parsedate_to_datetime(header).timestamp() - self._now_ms() / 1000)
        except (ValueError, OverflowError):  # no date, or one with a year or a zone beyond all numbers
            return None
