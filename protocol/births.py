# Shared dialect: runs on MicroPython and CPython.
"""Birth: what a station is, told at every start and after every new configuration."""

from .batch import CONFIGURATION_LIMIT, UINT32_LIMIT
from .cbor import DecodeError, EncodeError
from .facts import NAME_LIMIT, put_order, put_time_or_null, take_time_or_null
from .kinds import BIRTH, begin, begin_writing

BIRTH_ITEMS = 12
HASH_SIZE = 32
SENSORS_LIMIT = 32


class Birth:
    """What a station is, sent at every start and after every new configuration, and retained by the broker.

    `sent_at_ms` is None while the clock is not set; `configuration_hash` is the SHA-256 of the configuration file;
    `reset_cause` a code of the hardware layer; `sensors` are (sensor_no, kind).
    """

    __slots__ = (
        "board",
        "boot_no",
        "configuration_hash",
        "configuration_no",
        "firmware",
        "log_id",
        "message_no",
        "reset_cause",
        "sensors",
        "sent_at_ms",
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


def encode_birth(birth: Birth) -> bytes:
    """Return the message, or raise EncodeError."""
    buffer = bytearray(192 + 40 * len(birth.sensors))
    writer = begin_writing(buffer, BIRTH, BIRTH_ITEMS)
    put_order(writer, birth.boot_no, birth.message_no)
    put_time_or_null(writer, birth.sent_at_ms)
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
    writer.put_array(2 * len(birth.sensors))
    for sensor_no, kind in birth.sensors:
        writer.put_uint(sensor_no, 255)
        writer.put_text(kind, 1, NAME_LIMIT)
    return bytes(buffer[: writer.position])


def decode_birth(payload: bytes) -> Birth:
    """Return the birth, or raise DecodeError."""
    reader = begin(payload, BIRTH, BIRTH_ITEMS)
    boot_no = reader.take_uint(0, UINT32_LIMIT)
    message_no = reader.take_uint(0, UINT32_LIMIT)
    sent_at_ms = take_time_or_null(reader)
    log_id = reader.take_uint(0, UINT32_LIMIT)
    configuration_no = reader.take_uint(0, CONFIGURATION_LIMIT)
    configuration_hash = reader.take_bytes(HASH_SIZE, HASH_SIZE)
    reset_cause = reader.take_uint(0, 255)
    firmware = reader.take_text(1, NAME_LIMIT)
    board = reader.take_text(1, NAME_LIMIT)
    start = reader.position
    size = reader.take_array(0, 2 * SENSORS_LIMIT)
    if size & 1:
        raise DecodeError("wrong-size", start)
    sensors = [(reader.take_uint(0, 255), reader.take_text(1, NAME_LIMIT)) for _ in range(size // 2)]
    reader.finish()
    return Birth(
        boot_no,
        message_no,
        sent_at_ms,
        log_id,
        configuration_no,
        configuration_hash,
        reset_cause,
        firmware,
        board,
        sensors,
    )
