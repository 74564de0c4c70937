# Shared dialect: runs on MicroPython and CPython.
"""What a message means, as plain data that JSON can hold (bytes as hex), and back."""

import binascii


def from_batch(batch):
    return {
        "log_id": batch.log_id,
        "first_record_no": batch.first_record_no,
        "times_ms": list(batch.times_ms),
        "columns": [_from_column(column) for column in batch.columns],
        "configuration_no": batch.configuration_no,
        "oldest_held": batch.oldest_held,
        "receipted": batch.receipted,
        "clock_quality": batch.clock_quality,
        "gaps": [list(gap) for gap in batch.gaps],
        "test": batch.test,
    }


def to_batch(meaning, messages):
    return messages.Batch(
        meaning["log_id"],
        meaning["first_record_no"],
        meaning["times_ms"],
        [_to_column(column, messages) for column in meaning["columns"]],
        meaning["configuration_no"],
        meaning["oldest_held"],
        meaning["receipted"],
        meaning["clock_quality"],
        [tuple(gap) for gap in meaning["gaps"]],
        meaning["test"],
    )


def from_receipt(answer):
    if hasattr(answer, "tag"):
        return {"tag": _hex(answer.tag), "reason": answer.reason}
    return {"log_id": answer.log_id, "ranges": [list(pair) for pair in answer.ranges]}


def to_receipt(meaning, messages):
    if "tag" in meaning:
        return messages.Refused(binascii.unhexlify(meaning["tag"]), meaning["reason"])
    return messages.Receipt(meaning["log_id"], [tuple(pair) for pair in meaning["ranges"]])


def from_birth(birth):
    return {
        "boot_no": birth.boot_no,
        "message_no": birth.message_no,
        "sent_at_ms": birth.sent_at_ms,
        "log_id": birth.log_id,
        "configuration_no": birth.configuration_no,
        "configuration_hash": _hex(birth.configuration_hash),
        "reset_cause": birth.reset_cause,
        "firmware": birth.firmware,
        "board": birth.board,
        "sensors": [list(sensor) for sensor in birth.sensors],
    }


def to_birth(meaning, messages):
    return messages.Birth(
        meaning["boot_no"],
        meaning["message_no"],
        meaning["sent_at_ms"],
        meaning["log_id"],
        meaning["configuration_no"],
        binascii.unhexlify(meaning["configuration_hash"]),
        meaning["reset_cause"],
        meaning["firmware"],
        meaning["board"],
        [tuple(sensor) for sensor in meaning["sensors"]],
    )


def from_event(event):
    return {
        "boot_no": event.boot_no,
        "message_no": event.message_no,
        "happened_at_ms": event.happened_at_ms,
        "name": event.name,
        "detail": event.detail,
        "facts": event.facts,
    }


def to_event(meaning, messages):
    return messages.Event(
        meaning["boot_no"],
        meaning["message_no"],
        meaning["happened_at_ms"],
        meaning["name"],
        meaning["detail"],
        meaning["facts"],
    )


def from_command(command):
    return {
        "gateway": command.gateway,
        "command_no": command.command_no,
        "expires_at_ms": command.expires_at_ms,
        "name": command.name,
        "arguments": command.arguments,
    }


def to_command(meaning, messages):
    return messages.Command(
        meaning["gateway"], meaning["command_no"], meaning["expires_at_ms"], meaning["name"], meaning["arguments"]
    )


def from_reply(reply):
    return {
        "boot_no": reply.boot_no,
        "message_no": reply.message_no,
        "gateway": reply.gateway,
        "command_no": reply.command_no,
        "outcome": reply.outcome,
        "detail": reply.detail,
        "facts": reply.facts,
    }


def to_reply(meaning, messages):
    return messages.Reply(
        meaning["boot_no"],
        meaning["message_no"],
        meaning["gateway"],
        meaning["command_no"],
        meaning["outcome"],
        meaning["detail"],
        meaning["facts"],
    )


# Per topic leaf: from message, to message, and the names of decoder and encoder.
FORMS = {
    "data": (from_batch, to_batch, "decode_data", "encode_data"),
    "receipt": (from_receipt, to_receipt, "decode_receipt", "encode_receipt"),
    "birth": (from_birth, to_birth, "decode_birth", "encode_birth"),
    "event": (from_event, to_event, "decode_event", "encode_event"),
    "command": (from_command, to_command, "decode_command", "encode_command"),
    "reply": (from_reply, to_reply, "decode_reply", "encode_reply"),
}


def decode(leaf, payload, messages):
    """Return the meaning of a payload."""
    return FORMS[leaf][0](getattr(messages, FORMS[leaf][2])(payload))


def encode(leaf, meaning, messages):
    """Return the payload that says this."""
    return getattr(messages, FORMS[leaf][3])(FORMS[leaf][1](meaning, messages))


def _from_column(column):
    channel = column.channel
    return {
        "sensor_no": channel.sensor_no,
        "variable": channel.variable,
        "statistic": channel.statistic,
        "interval_s": channel.interval_s,
        "exponent": channel.exponent,
        "mantissas": list(column.mantissas),
        # JSON has no numbers as keys.
        "null_reasons": [list(item) for item in sorted(column.null_reasons.items())],
        "qualities": [list(item) for item in sorted(column.qualities.items())],
        "resets": list(column.resets),
    }


def _to_column(meaning, messages):
    channel = messages.Channel(
        meaning["sensor_no"],
        meaning["variable"],
        meaning["statistic"],
        meaning["interval_s"],
        meaning["exponent"],
    )
    return messages.Column(
        channel,
        meaning["mantissas"],
        dict(meaning["null_reasons"]),
        dict(meaning["qualities"]),
        meaning["resets"],
    )


def _hex(data):
    return str(binascii.hexlify(data), "ascii")
