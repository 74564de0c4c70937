# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What a station says of itself, beside its records: birth, event, and until when it sleeps."""

from protocol.events import Event, encode_event

from . import VERSION
from .loading import PassingModules


def birth(board, configuration, log_id, memory):
    """Return the birth of this boot or of a new configuration."""
    with PassingModules():
        return _encode_birth(board, configuration, log_id, memory)


def event(board, memory, name, detail="", facts=None):
    """Return an event that happens now."""
    return encode_event(Event(memory.boot_no, memory.next_message_no(), board.utc_ms(), name, detail, facts))


def _encode_birth(board, configuration, log_id, memory):
    import hashlib

    from protocol.births import Birth, encode_birth

    return encode_birth(
        Birth(
            memory.boot_no,
            memory.next_message_no(),
            board.utc_ms(),
            log_id,
            configuration.configuration_no,
            hashlib.sha256(configuration.source).digest(),
            board.reset_cause(),
            VERSION,
            board.name,
            [(sensor.sensor_no, sensor.kind) for sensor in configuration.sensors],
        )
    )
