# Shared dialect: runs on MicroPython and CPython.
"""Messages beside the data: birth, event and reply of a station, command of a gateway.

Each carries numbers that rise strictly for ever, so that a captured message cannot be played again: (boot_no,
message_no) from a station, (gateway, command_no) from a gateway.
"""

from .batch import CONFIGURATION_LIMIT, TIME_LIMIT_MS, UINT32_LIMIT
from .cbor import ARRAY, MAP, NULL_HEAD, TEXT, DecodeError, EncodeError, Reader, Writer
from .kinds import BIRTH, COMMAND, EVENT, REPLY, begin, begin_writing
from .topics import ID_LIMIT, is_id

NAME_LIMIT = 32
DETAIL_LIMIT = 1024
HASH_SIZE = 32
SENSORS_LIMIT = 32
FACTS_LIMIT = 32
FACT_INT_LIMIT = 0x1FFFFFFFFFFFFF  # 2**53 - 1: what JSON carries exactly
FACT_TEXT_LIMIT = 4096

# Outcomes of a command.
DONE = 0
FAILED = 1
UNKNOWN_COMMAND = 2
EXPIRED = 3


class Birth:
    """What a station is, sent at every start and after every new configuration, and retained by the broker.

    `sent_at_ms` is None while the clock is not set; `configuration_hash` is the SHA-256 of the configuration file;
    `reset_cause` a code of the hardware layer; `sensors` are (sensor_no, kind).
    """

    __slots__ = (
        "board", "boot_no", "configuration_hash", "configuration_no", "firmware", "log_id", "message_no", "reset_cause",
        "sensors", "sent_at_ms",
    )

    def __init__(
        self,
        boot_no: int,
        message_no: int,
        sent_at_ms: int | None,
        log_id: int,
        configuration_no: int,
        configuration_hash: bytes,
        reset_cause: int,
        firmware: str,
        board: str,
        sensors: list[tuple[int, str]],
    ) -> None:
        self.boot_no = boot_no
        self.message_no = message_no
        self.sent_at_ms = sent_at_ms
        self.log_id = log_id
        self.configuration_no = configuration_no
        self.configuration_hash = configuration_hash
        self.reset_cause = reset_cause
        self.firmware = firmware
        self.board = board
        self.sensors = sensors


class Event:
    """Something that happened on a station; `facts` are numbers and short texts by name."""

    __slots__ = ("boot_no", "detail", "facts", "happened_at_ms", "message_no", "name")

    def __init__(
        self,
        boot_no: int,
        message_no: int,
        happened_at_ms: int | None,
        name: str,
        detail: str = "",
        facts: dict[str, int | str] | None = None,
    ) -> None:
        self.boot_no = boot_no
        self.message_no = message_no
        self.happened_at_ms = happened_at_ms
        self.name = name
        self.detail = detail
        self.facts = facts or {}


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


def encode_birth(birth: Birth) -> bytes:
    """Return the message, or raise EncodeError."""
    buffer = bytearray(192 + 40 * len(birth.sensors))
    writer = begin_writing(buffer, BIRTH, 12)
    _put_order(writer, birth.boot_no, birth.message_no)
    _put_time_or_null(writer, birth.sent_at_ms)
    writer.put_uint(birth.log_id, UINT32_LIMIT)
    writer.put_uint(birth.configuration_no, CONFIGURATION_LIMIT)
    if len(birth.configuration_hash) != HASH_SIZE:
        raise EncodeError("a configuration hash of %d bytes: expected 32" % len(birth.configuration_hash))
    writer.put_bytes(birth.configuration_hash)
    writer.put_uint(birth.reset_cause, 255)
    writer.put_text(birth.firmware, 1, NAME_LIMIT)
    writer.put_text(birth.board, 1, NAME_LIMIT)
    if len(birth.sensors) > SENSORS_LIMIT:
        raise EncodeError("%d sensors: expected at most %d" % (len(birth.sensors), SENSORS_LIMIT))
    writer.put_head(ARRAY, 2 * len(birth.sensors))
    for sensor_no, kind in birth.sensors:
        writer.put_uint(sensor_no, 255)
        writer.put_text(kind, 1, NAME_LIMIT)
    return bytes(buffer[: writer.position])


def decode_birth(payload: bytes) -> Birth:
    """Return the birth, or raise DecodeError."""
    reader = begin(payload, BIRTH, 12)
    boot_no = reader.take_uint(0, UINT32_LIMIT)
    message_no = reader.take_uint(0, UINT32_LIMIT)
    sent_at_ms = _take_time_or_null(reader)
    log_id = reader.take_uint(0, UINT32_LIMIT)
    configuration_no = reader.take_uint(0, CONFIGURATION_LIMIT)
    configuration_hash = reader.take_bytes(HASH_SIZE, HASH_SIZE)
    reset_cause = reader.take_uint(0, 255)
    firmware = reader.take_text(1, NAME_LIMIT)
    board = reader.take_text(1, NAME_LIMIT)
    start = reader.position
    size = reader.take_size(ARRAY, 0, 2 * SENSORS_LIMIT)
    if size & 1:
        raise DecodeError("wrong-size", start)
    sensors = [(reader.take_uint(0, 255), reader.take_text(1, NAME_LIMIT)) for _ in range(size // 2)]
    reader.finish()
    return Birth(
        boot_no, message_no, sent_at_ms, log_id, configuration_no, configuration_hash, reset_cause, firmware, board,
        sensors,
    )


def encode_event(event: Event) -> bytes:
    """Return the message, or raise EncodeError."""
    buffer = bytearray(64 + NAME_LIMIT + len(event.detail) + _facts_size(event.facts))
    writer = begin_writing(buffer, EVENT, 8)
    _put_order(writer, event.boot_no, event.message_no)
    _put_time_or_null(writer, event.happened_at_ms)
    writer.put_text(event.name, 1, NAME_LIMIT)
    writer.put_text(event.detail, 0, DETAIL_LIMIT)
    _put_facts(writer, event.facts)
    return bytes(buffer[: writer.position])


def decode_event(payload: bytes) -> Event:
    """Return the event, or raise DecodeError."""
    reader = begin(payload, EVENT, 8)
    boot_no = reader.take_uint(0, UINT32_LIMIT)
    message_no = reader.take_uint(0, UINT32_LIMIT)
    happened_at_ms = _take_time_or_null(reader)
    name = reader.take_text(1, NAME_LIMIT)
    detail = reader.take_text(0, DETAIL_LIMIT)
    facts = _take_facts(reader)
    reader.finish()
    return Event(boot_no, message_no, happened_at_ms, name, detail, facts)


def encode_command(command: Command) -> bytes:
    """Return the message, or raise EncodeError."""
    buffer = bytearray(64 + ID_LIMIT + NAME_LIMIT + _facts_size(command.arguments))
    writer = begin_writing(buffer, COMMAND, 7)
    _put_gateway(writer, command.gateway, command.command_no)
    writer.put_uint(command.expires_at_ms, TIME_LIMIT_MS)
    writer.put_text(command.name, 1, NAME_LIMIT)
    _put_facts(writer, command.arguments)
    return bytes(buffer[: writer.position])


def decode_command(payload: bytes) -> Command:
    """Return the command, or raise DecodeError."""
    reader = begin(payload, COMMAND, 7)
    gateway = _take_gateway(reader)
    command_no = reader.take_uint(0, UINT32_LIMIT)
    expires_at_ms = reader.take_uint(0, TIME_LIMIT_MS)
    name = reader.take_text(1, NAME_LIMIT)
    arguments = _take_facts(reader)
    reader.finish()
    return Command(gateway, command_no, expires_at_ms, name, arguments)


def encode_reply(reply: Reply) -> bytes:
    """Return the message, or raise EncodeError."""
    buffer = bytearray(64 + ID_LIMIT + len(reply.detail) + _facts_size(reply.facts))
    writer = begin_writing(buffer, REPLY, 9)
    _put_order(writer, reply.boot_no, reply.message_no)
    _put_gateway(writer, reply.gateway, reply.command_no)
    writer.put_uint(reply.outcome, EXPIRED)
    writer.put_text(reply.detail, 0, DETAIL_LIMIT)
    _put_facts(writer, reply.facts)
    return bytes(buffer[: writer.position])


def decode_reply(payload: bytes) -> Reply:
    """Return the reply, or raise DecodeError."""
    reader = begin(payload, REPLY, 9)
    boot_no = reader.take_uint(0, UINT32_LIMIT)
    message_no = reader.take_uint(0, UINT32_LIMIT)
    gateway = _take_gateway(reader)
    command_no = reader.take_uint(0, UINT32_LIMIT)
    outcome = reader.take_uint(0, EXPIRED)
    detail = reader.take_text(0, DETAIL_LIMIT)
    facts = _take_facts(reader)
    reader.finish()
    return Reply(boot_no, message_no, gateway, command_no, outcome, detail, facts)


def _put_order(writer: Writer, boot_no: int, message_no: int) -> None:
    writer.put_uint(boot_no, UINT32_LIMIT)
    writer.put_uint(message_no, UINT32_LIMIT)


def _put_gateway(writer: Writer, gateway: str, command_no: int) -> None:
    if not is_id(gateway):
        raise EncodeError("gateway %r: expected an id" % gateway)
    writer.put_text(gateway, 1, ID_LIMIT)
    writer.put_uint(command_no, UINT32_LIMIT)


def _take_gateway(reader: Reader) -> str:
    start = reader.position
    gateway = reader.take_text(1, ID_LIMIT)
    if not is_id(gateway):
        raise DecodeError("bad-text", start)
    return gateway


def _put_time_or_null(writer: Writer, time_ms: int | None) -> None:
    if time_ms is None:
        writer.put_simple(NULL_HEAD)
    else:
        writer.put_uint(time_ms, TIME_LIMIT_MS)


def _take_time_or_null(reader: Reader) -> int | None:
    return None if reader.take_null() else reader.take_uint(0, TIME_LIMIT_MS)


def _facts_size(facts: dict[str, int | str]) -> int:
    """Return a bound of the bytes that `_put_facts` writes."""
    size = 2
    for name, value in facts.items():
        size += 12 + len(name) + (len(value) if isinstance(value, str) else 0)
    return size


def _put_facts(writer: Writer, facts: dict[str, int | str]) -> None:
    """Put names and values in the order of RFC 8949, 4.2.1: shorter names first, then by letter."""
    if len(facts) > FACTS_LIMIT:
        raise EncodeError("%d facts: expected at most %d" % (len(facts), FACTS_LIMIT))
    writer.put_head(MAP, len(facts))
    for name in sorted(facts, key=_fact_order):
        value = facts[name]
        writer.put_text(name, 1, NAME_LIMIT)
        if isinstance(value, str):
            writer.put_text(value, 0, FACT_TEXT_LIMIT)
        elif -FACT_INT_LIMIT <= value <= FACT_INT_LIMIT:
            writer.put_int(value)
        else:
            raise EncodeError("%s %r: expected within +-%d" % (name, value, FACT_INT_LIMIT))


def _take_facts(reader: Reader) -> dict[str, int | str]:
    facts: dict[str, int | str] = {}
    last = (0, "")
    for _ in range(reader.take_size(MAP, 0, FACTS_LIMIT)):
        start = reader.position
        name = reader.take_text(1, NAME_LIMIT)
        if _fact_order(name) <= last:
            raise DecodeError("not-ascending", start)
        last = _fact_order(name)
        if reader.peek() >> 5 == TEXT:
            facts[name] = reader.take_text(0, FACT_TEXT_LIMIT)
        else:
            facts[name] = reader.take_int(-FACT_INT_LIMIT, FACT_INT_LIMIT)
    return facts


def _fact_order(name: str) -> tuple[int, str]:
    return len(name), name
