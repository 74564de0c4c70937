"""What a message says, field by field."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from protocol import commands, kinds, quality, variables
from protocol.cose import Sealed, parse_sealed
from protocol.messages import (
    Batch,
    Birth,
    Column,
    Command,
    DecodeError,
    Event,
    Receipt,
    Refused,
    Reply,
    decode_birth,
    decode_command,
    decode_data,
    decode_event,
    decode_receipt,
    decode_reply,
)
from rivergauge.explain_senml import explain_senml, is_senml
from rivergauge.refusal_reasons import MEANINGS, SENML_MEANINGS

__all__ = ["MessageRefused", "Row", "as_table", "explain"]

COSE_MAC0_HEAD = 0xD1

STATISTICS = {
    variables.INSTANT: "instant",
    variables.MEDIAN: "median",
    variables.MEAN: "mean",
    variables.MIN: "minimum",
    variables.MAX: "maximum",
    variables.STD: "standard deviation",
    variables.COUNT: "valid count",
    variables.TOTAL: "running total",
}
QUALITIES = {quality.NOT_EVALUATED: "not evaluated", quality.SUSPECT: "suspect", quality.FAIL: "fail"}
NULL_REASONS = {
    quality.NOT_SCHEDULED: "not due",
    quality.NO_READING: "no reading",
    quality.OUT_OF_RANGE: "out of range",
    quality.SENSOR_ERROR: "sensor error",
    quality.NOT_DATED: "not dated",
    quality.NO_POWER: "no power",
    quality.OUTSIDE_RATING: "outside the rating",
    quality.TOO_FEW_VALID: "too few valid readings",
    quality.STATION_OFF: "station off",
}
CLOCKS = {
    quality.SYNCHRONISED: "synchronised",
    quality.HOLDOVER: "on its own for long",
    quality.UNSYNCHRONISED: "never set",
}
OUTCOMES = {
    commands.DONE: "done",
    commands.FAILED: "failed",
    commands.UNKNOWN_COMMAND: "unknown command",
    commands.EXPIRED: "expired",
}

Row = tuple[str, object]


class MessageRefused(ValueError):
    """Bytes that are no message: the reason in a word, the byte it was noticed at, and what was expected there."""

    def __init__(self, reason: str, offset: int, meaning: str) -> None:
        super().__init__(f"{reason} at byte {offset}: {meaning}")
        self.reason = reason
        self.offset = offset
        self.meaning = meaning


def not_verified(_sealed: Sealed) -> str:
    return "not verified: that takes the station's key (--keys) and the topic (--topic)"


def explain(octets: bytes, verdict: Callable[[Sealed], str] = not_verified) -> list[Row]:
    """Return the fields of a message, of its payload, or of a SenML pack; raise MessageRefused for what is neither.

    `verdict` says of a sealed message whether its tag is right.
    """
    try:
        if is_senml(octets):
            return list(explain_senml(octets))
    except DecodeError as error:
        raise MessageRefused(error.reason, error.offset, SENML_MEANINGS[error.reason]) from None
    try:
        if octets[:1] != bytes([COSE_MAC0_HEAD]):
            return [("sealed", "no: a payload alone"), *_explain_payload(octets)]
        return _explain_sealed(octets, verdict)
    except DecodeError as error:
        raise MessageRefused(error.reason, error.offset, MEANINGS[error.reason]) from None


def as_table(rows: list[Row]) -> str:
    """Return the rows as lines, the values below each other."""
    width = max(len(name) for name, _ in rows)
    # A text from a station may hold line feeds; the others cannot imitate a field.
    return "\n".join(f"{name:{width}}  {value}".replace("\n", "\n" + " " * (width + 2)) for name, value in rows)


def _explain_sealed(octets: bytes, verdict: Callable[[Sealed], str]) -> list[Row]:
    sealed = parse_sealed(octets)
    algorithm = "HMAC 256/64" if len(sealed.tag) == 8 else "HMAC 256/256"
    envelope: list[Row] = [
        ("sealed", f"COSE_Mac0, {algorithm}"),
        ("key id", _printable(sealed.key_id)),
        ("tag", f"{sealed.tag.hex()}, {verdict(sealed)}"),
        ("payload", f"{len(sealed.payload)} of {len(octets)} bytes"),
    ]
    try:
        return [*envelope, *_explain_payload(sealed.payload)]
    except DecodeError as error:
        # Where the payload lies in the message: bytes of it are found there and, if need be, before the tag.
        start = len(octets) - len(sealed.tag) - _head_size(len(sealed.tag)) - len(sealed.payload)
        raise DecodeError(error.reason, start + error.offset) from None


def _explain_payload(payload: bytes) -> Iterator[Row]:
    kind = kinds.kind_of(payload)
    if kind not in EXPLAINERS:
        raise DecodeError("wrong-kind", 1)
    name, decoder, explainer = EXPLAINERS[kind]
    yield "message", f"{name}, version {kinds.VERSION}"
    yield from explainer(decoder(payload))


def _explain_batch(batch: Batch) -> Iterator[Row]:
    count = len(batch.times_ms)
    yield "log", f"{batch.log_id:08x}"
    yield "records", f"{count}: {batch.first_record_no} to {batch.first_record_no + count - 1}"
    yield "configuration", batch.configuration_no
    yield "oldest held", batch.oldest_held
    yield "receipted", f"all below {batch.receipted}"
    yield "clock", CLOCKS[batch.clock_quality]
    for first, last in batch.gaps:
        yield "gap", f"{first} to {last}: overwritten before they were sent"
    if batch.test:
        yield "test", "made during maintenance or on the bench"
    for column in batch.columns:
        yield "channel", _channel_name(column)
    for index, time_ms in enumerate(batch.times_ms):
        values = "  ".join(_cell(column, index) for column in batch.columns)
        yield f"record {batch.first_record_no + index}", f"{_time(time_ms)}  {values}"


def _explain_receipt(answer: Receipt | Refused) -> Iterator[Row]:
    if isinstance(answer, Refused):
        yield "refused", f"the message with tag {answer.tag.hex()}"
        yield "reason", f"{answer.reason}: {MEANINGS.get(answer.reason, 'a reason of that gateway')}"
        return
    yield "log", f"{answer.log_id:08x}"
    for first, last in answer.ranges:
        yield "records", f"{first} to {last}: accounted for"


def _explain_birth(birth: Birth) -> Iterator[Row]:
    yield "message no", f"{birth.message_no} of boot {birth.boot_no}"
    yield "sent at", _time(birth.sent_at_ms)
    yield "log", f"{birth.log_id:08x}"
    yield "configuration", f"{birth.configuration_no}, SHA-256 {birth.configuration_hash.hex()}"
    yield "reset cause", birth.reset_cause
    yield "firmware", f"{birth.firmware} on {birth.board}"
    for sensor_no, kind in birth.sensors:
        yield f"sensor {sensor_no}", kind


def _explain_event(event: Event) -> Iterator[Row]:
    yield "message no", f"{event.message_no} of boot {event.boot_no}"
    yield "happened at", _time(event.happened_at_ms)
    yield "event", event.name
    yield "detail", event.detail
    yield from event.facts.items()


def _explain_command(command: Command) -> Iterator[Row]:
    yield "command no", f"{command.command_no} of gateway {command.gateway}"
    yield "expires at", _time(command.expires_at_ms)
    yield "command", command.name
    yield from command.arguments.items()


def _explain_reply(reply: Reply) -> Iterator[Row]:
    yield "message no", f"{reply.message_no} of boot {reply.boot_no}"
    yield "replies to", f"command {reply.command_no} of gateway {reply.gateway}"
    yield "outcome", OUTCOMES[reply.outcome]
    yield "detail", reply.detail
    yield from reply.facts.items()


# Kind -> its name, its decoder, and what explains the decoded message.
EXPLAINERS: dict[int, tuple[str, Callable[[bytes], object], Callable[..., Iterator[Row]]]] = {
    kinds.DATA: ("data", decode_data, _explain_batch),
    kinds.BIRTH: ("birth", decode_birth, _explain_birth),
    kinds.EVENT: ("event", decode_event, _explain_event),
    kinds.RECEIPT: ("receipt", decode_receipt, _explain_receipt),
    kinds.REFUSED: ("refused", decode_receipt, _explain_receipt),
    kinds.COMMAND: ("command", decode_command, _explain_command),
    kinds.REPLY: ("reply", decode_reply, _explain_reply),
}


def _channel_name(column: Column) -> str:
    channel = column.channel
    try:
        variable = variables.name_of(channel.variable)
    except variables.UnknownVariable:
        variable = f"variable {channel.variable}, which this version has no name for"
    interval = f" of {channel.interval_s} s" if channel.interval_s else ""
    return f"sensor {channel.sensor_no}: {variable}, {STATISTICS[channel.statistic]}{interval}"


def _cell(column: Column, index: int) -> str:
    mantissa = column.mantissas[index]
    if mantissa is None:
        reason = column.null_reasons[index]
        return f"- ({NULL_REASONS.get(reason, f'reason {reason}')})"
    exponent = column.channel.exponent
    text = f"{mantissa * 10**exponent}" if exponent >= 0 else f"{mantissa / 10**-exponent:.{-exponent}f}"
    marks = [QUALITIES[column.qualities[index]]] if index in column.qualities else []
    marks += ["reset"] if index in column.resets else []
    return f"{text} ({', '.join(marks)})" if marks else text


def _time(time_ms: int | None) -> str:
    if time_ms is None:
        return "not known"
    text = datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{time_ms % 1000:03}Z" if time_ms % 1000 else f"{text}Z"


def _printable(octets: bytes) -> str:
    text = octets.decode("ascii", "replace")
    return text if text.isascii() and text.isprintable() else octets.hex()


def _head_size(argument: int) -> int:
    return 1 if argument < 24 else 2
