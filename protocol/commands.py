# Shared dialect: runs on MicroPython and CPython.
"""Command of a gateway, and the station's reply to it.

(gateway, command_no) rises strictly for ever, so a captured command cannot be played again.
"""

from .batch import TIME_LIMIT_MS, UINT32_LIMIT
from .facts import (
    DETAIL_LIMIT,
    NAME_LIMIT,
    facts_size,
    put_facts,
    put_gateway,
    put_order,
    take_facts,
    take_gateway,
)
from .kinds import COMMAND, REPLY, begin, begin_writing
from .topics import ID_LIMIT

COMMAND_ITEMS = 7
REPLY_ITEMS = 9

# Outcomes of a command.
DONE = 0
FAILED = 1
UNKNOWN_COMMAND = 2
EXPIRED = 3


class Command:
    """What a gateway asks of a station, until `expires_at_ms`."""

    __slots__ = ("arguments", "command_no", "expires_at_ms", "gateway", "name")

    def __init__(
        self,
        gateway: str,
        command_no: int,
        expires_at_ms: int,
        name: str,
        arguments: dict[str, int | str] | None = None,
    ) -> None:
        self.gateway = gateway
        self.command_no = command_no
        self.expires_at_ms = expires_at_ms
        self.name = name
        self.arguments = arguments or {}


class Reply:
    """What became of a command: DONE, FAILED, UNKNOWN_COMMAND or EXPIRED."""

    __slots__ = ("boot_no", "command_no", "detail", "facts", "gateway", "message_no", "outcome")

    def __init__(
        self,
        boot_no: int,
        message_no: int,
        gateway: str,
        command_no: int,
        outcome: int,
        detail: str = "",
        facts: dict[str, int | str] | None = None,
    ) -> None:
        self.boot_no = boot_no
        self.message_no = message_no
        self.gateway = gateway
        self.command_no = command_no
        self.outcome = outcome
        self.detail = detail
        self.facts = facts or {}


def encode_command(command: Command) -> bytes:
    """Return the message, or raise EncodeError."""
    buffer = bytearray(64 + ID_LIMIT + NAME_LIMIT + facts_size(command.arguments))
    writer = begin_writing(buffer, COMMAND, COMMAND_ITEMS)
    put_gateway(writer, command.gateway, command.command_no)
    writer.put_uint(command.expires_at_ms, TIME_LIMIT_MS)
    writer.put_text(command.name, 1, NAME_LIMIT)
    put_facts(writer, command.arguments)
    return bytes(buffer[: writer.position])


def decode_command(payload: bytes) -> Command:
    """Return the command, or raise DecodeError."""
    reader = begin(payload, COMMAND, COMMAND_ITEMS)
    gateway = take_gateway(reader)
    command_no = reader.take_uint(0, UINT32_LIMIT)
    expires_at_ms = reader.take_uint(0, TIME_LIMIT_MS)
    name = reader.take_text(1, NAME_LIMIT)
    arguments = take_facts(reader)
    reader.finish()
    return Command(gateway, command_no, expires_at_ms, name, arguments)


def encode_reply(reply: Reply) -> bytes:
    """Return the message, or raise EncodeError."""
    buffer = bytearray(64 + ID_LIMIT + len(reply.detail) + facts_size(reply.facts))
    writer = begin_writing(buffer, REPLY, REPLY_ITEMS)
    put_order(writer, reply.boot_no, reply.message_no)
    put_gateway(writer, reply.gateway, reply.command_no)
    writer.put_uint(reply.outcome, EXPIRED)
    writer.put_text(reply.detail, 0, DETAIL_LIMIT)
    put_facts(writer, reply.facts)
    return bytes(buffer[: writer.position])


def decode_reply(payload: bytes) -> Reply:
    """Return the reply, or raise DecodeError."""
    reader = begin(payload, REPLY, REPLY_ITEMS)
    boot_no = reader.take_uint(0, UINT32_LIMIT)
    message_no = reader.take_uint(0, UINT32_LIMIT)
    gateway = take_gateway(reader)
    command_no = reader.take_uint(0, UINT32_LIMIT)
    outcome = reader.take_uint(0, EXPIRED)
    detail = reader.take_text(0, DETAIL_LIMIT)
    facts = take_facts(reader)
    reader.finish()
    return Reply(boot_no, message_no, gateway, command_no, outcome, detail, facts)
