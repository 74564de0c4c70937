"""The contract of a way to reach a contact, and what came of trying it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

__all__ = ["ANSWER_LIMIT", "Away", "Channel", "Delivered", "Message", "Outcome", "Refused", "deadline", "shown"]

SILENCE_LIMIT_S = 10.0  # how long a server may say nothing
ATTEMPT_LIMIT_S = 30.0  # how long an attempt may take as a whole
LOOK_EVERY_S = 0.2  # how soon an attempt ends with the gateway
ANSWER_LIMIT = 300  # letters of a server's answer that are kept


@dataclass(frozen=True, slots=True)
class Message:
    """What one contact is told: for people, and as facts for programs. No line breaks in `subject`."""

    id: str
    at_ms: int  # when it was written
    subject: str
    text: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivered:
    answer: str


@dataclass(frozen=True, slots=True)
class Away:
    """The server could not be reached or not now: to be tried again soon."""

    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will not take this message for this contact: a person has to look, and it is tried again seldom."""

    reason: str


Outcome = Delivered | Away | Refused


class Channel(Protocol):
    """One contact's way to be reached."""

    def send(self, message: Message, is_stopping: Callable[[], bool]) -> Outcome:
        """Try once, for ATTEMPT_LIMIT_S at most and not while the gateway is stopping.

        Must not raise for anything a server or a network does.
        """


@contextmanager
def deadline(
    limit_s: float, is_stopping: Callable[[], bool], connection: Callable[[], socket.socket | None]
) -> Iterator[None]:
    """Cut the connection off when the block takes longer: a server that sends a byte now and then is no answer."""
    is_over = threading.Event()
    ends_s = monotonic() + limit_s

    def cut() -> None:
        while not is_over.wait(LOOK_EVERY_S):
            open_one = connection()
            if open_one is not None and (is_stopping() or monotonic() > ends_s):
                with suppress(OSError):
                    # Of the plain socket: TLS would say goodbye first, to one who does not listen.
                    socket.socket.shutdown(open_one, socket.SHUT_RDWR)

    guard = threading.Thread(target=cut, name="deadline of an alert", daemon=True)
    guard.start()
    try:
        yield
    finally:
        is_over.set()
        guard.join()


def shown(answer: bytes | str) -> str:
    """Return a server's answer as one line of printable text."""
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:ANSWER_LIMIT]
