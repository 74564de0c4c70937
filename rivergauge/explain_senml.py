"""What a SenML pack of another maker's logger says."""

from collections.abc import Iterator

from gateway.times import format_utc
from protocol.batch import TIME_LIMIT_MS
from protocol.senml import Measurement, decode_senml

__all__ = ["explain_senml", "is_senml"]

# Stands for the time of receipt, which is not known here: far from both ends of what a time can be.
RECEIPT_MS = TIME_LIMIT_MS // 2
ARRAY, MAP = 4, 5
HEAD_SIZES = {24: 2, 25: 3, 26: 5, 27: 9}


def is_senml(octets: bytes) -> bool:
    """Tell whether the octets begin as a pack does: an array whose first item is a map; ours begin with a number."""
    if not octets or octets[0] >> 5 != ARRAY:
        return False
    first = HEAD_SIZES.get(octets[0] & 31, 1)
    return len(octets) > first and octets[first] >> 5 == MAP


def explain_senml(payload: bytes) -> Iterator[tuple[str, object]]:
    """Yield (name, value) of each field; raise DecodeError."""
    measurements = decode_senml(payload, RECEIPT_MS)
    yield "message", "SenML (RFC 8428), which nothing authenticates"
    yield "measurements", len(measurements)
    for each in measurements:
        yield "measurement", "  ".join(filter(None, (_time(each), each.name, _value(each), *_others(each))))


def _time(measurement: Measurement) -> str:
    if measurement.is_dated:
        return format_utc(measurement.at_ms)
    after_s = (measurement.at_ms - RECEIPT_MS) / 1000
    return "when received" if after_s == 0 else f"{abs(after_s):g} s {'after' if after_s > 0 else 'before'} receipt"


def _value(measurement: Measurement) -> str:
    value = measurement.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return f"{len(value)} bytes {value.hex()}"
    if isinstance(value, str):
        return ascii(value)
    return f"{value!r} {measurement.unit}".rstrip()


def _others(measurement: Measurement) -> Iterator[str]:
    if measurement.sum is not None:
        yield f"sum {measurement.sum!r} {measurement.unit} s".replace("  ", " ")
    if measurement.update_s is not None:
        yield f"next within {measurement.update_s:g} s"
