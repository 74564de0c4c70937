"""A command as the journal keeps it, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.commands import DONE, EXPIRED, Reply

__all__ = ["CARRIED_OUT", "OVERDUE", "RECEIVED", "REFUSED", "SENT", "WAITING", "GivenCommand", "Told"]

WAITING = "waiting"  # for the gateway to run, or for the station's key
SENT = "sent"  # to the broker, which keeps it until the station is there
RECEIVED = "received"  # a part of something larger
CARRIED_OUT = "carried out"
REFUSED = "refused"
OVERDUE = "expired"  # the station said so, or has said nothing until then

PARTS_MISSING = "parts_missing"  # a fact of the reply to one part of a larger text


@dataclass(frozen=True, slots=True)
class GivenCommand:
    """A command to a station; `command_no` rises strictly with each of them, and is 0 until it is written."""

    station: str
    name: str
    arguments: Mapping[str, int | str]
    given_at_ms: int
    expires_at_ms: int
    sent_at_ms: int | None = None
    command_no: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A command with its reply, None without one yet."""

    command: GivenCommand
    reply: Reply | None
    replied_at_ms: int | None

    def state(self, now_ms: int) -> str:
        """Return what became of the command."""
        if self.reply is not None:
            return self._answered(self.reply)
        if now_ms >= self.command.expires_at_ms:
            return OVERDUE
        return WAITING if self.command.sent_at_ms is None else SENT

    def _answered(self, reply: Reply) -> str:
        if reply.outcome == DONE:
            return RECEIVED if reply.facts.get(PARTS_MISSING) else CARRIED_OUT
        return OVERDUE if reply.outcome == EXPIRED else REFUSED
