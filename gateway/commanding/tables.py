"""The table of commands in the journal: what can be read of it and written to it."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from gateway.commanding.entries import GivenCommand, Told
from protocol.messages import decode_reply

__all__ = ["SCHEMA", "CommandReader", "CommandWriter"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS command (
    command_no INTEGER PRIMARY KEY,
    station TEXT NOT NULL,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,      -- as JSON
    given_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    sent_at_ms INTEGER            -- when it went to the outbox
);
CREATE INDEX IF NOT EXISTS command_unsent ON command (command_no) WHERE sent_at_ms IS NULL;
"""
COLUMNS = "station, name, arguments, given_at_ms, expires_at_ms, sent_at_ms, command_no"
Rows = list[tuple[Any, ...]]


class CommandReader:
    """`read` runs a query of the journal with its values and returns the rows."""

    def __init__(self, read: Callable[..., Rows]) -> None:
        self._read = read

    def unsent(self, now_ms: int) -> list[GivenCommand]:
        """Return what is still to be sent, in the order of its numbers; what has expired is not."""
        rows = self._read(
            f"SELECT {COLUMNS} FROM command WHERE sent_at_ms IS NULL AND expires_at_ms > ? ORDER BY command_no",
            (now_ms,),
        )
        return [_command(row) for row in rows]

    def told(self, gateway: str, station: str | None = None) -> list[Told]:
        """Return the commands of this gateway, of one station or of all, the oldest first, with their replies."""
        given = self._read(
            f"SELECT {COLUMNS} FROM command WHERE ?1 IS NULL OR station = ?1 ORDER BY command_no", (station,)
        )
        kept = self._read("SELECT station, received_at_ms, payload FROM report WHERE leaf = 'reply'")
        replies = {}
        for its_station, received_at_ms, payload in kept:
            reply = decode_reply(payload)
            if reply.gateway == gateway:
                replies[its_station, reply.command_no] = (reply, received_at_ms)
        commands = [_command(row) for row in given]
        return [Told(each, *replies.get((each.station, each.command_no), (None, None))) for each in commands]


class CommandWriter:
    """Writes within a transaction of the journal."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def give(self, command: GivenCommand) -> int:
        """Keep a command to be sent; return its number."""
        # Not counted from 1: after a journal was lost, stations would drop all as long as they know higher numbers.
        added = self._connection.execute(
            "INSERT INTO command VALUES ((SELECT max(?, coalesce(max(command_no), 0) + 1) FROM command),"
            " ?, ?, ?, ?, ?, NULL)",
            (command.given_at_ms // 1000, command.station, command.name, json.dumps(dict(command.arguments)),
             command.given_at_ms, command.expires_at_ms),
        )  # fmt: skip
        return added.lastrowid or 0

    def mark_sent(self, command_no: int, at_ms: int) -> None:
        self._connection.execute("UPDATE command SET sent_at_ms = ? WHERE command_no = ?", (at_ms, command_no))


def _command(row: Sequence[Any]) -> GivenCommand:
    station, name, arguments, given_at_ms, expires_at_ms, sent_at_ms, command_no = row
    return GivenCommand(station, name, json.loads(arguments), given_at_ms, expires_at_ms, sent_at_ms, command_no)
