"""SenML packs of other makers' loggers as batches of ours.

Nothing proves who sent a pack, so its values are NOT_EVALUATED and its records have provenance `unauthenticated`. Its
records are the instants it speaks of, numbered from 0 in a log of its own, whose id is drawn from the SHA-256 of the
pack: a pack sent twice is a duplicate.
"""

import hashlib
from collections.abc import Sequence

from protocol.batch import EXPONENT_HIGH, EXPONENT_LOW, MANTISSA_LIMIT, RECORDS_LIMIT, UINT32_LIMIT
from protocol.messages import Batch, Channel, Column, encode_data
from protocol.quality import NOT_EVALUATED, NOT_SCHEDULED
from protocol.senml import Measurement, decode_senml
from protocol.senml_units import UnknownUnit, convert
from protocol.variables import INSTANT, code_of
from rivergauge.basin import SenmlName

__all__ = ["PackRefused", "read_pack"]

# Enough that two packs of one station never share an id, and what a store's signed 64-bit integer holds.
LOG_ID_LIMIT = 0x7FFFFFFFFFFFFFFF
NO_CONFIGURATION = 0

# By sensor and variable, by time.
Series = dict[tuple[int, str], dict[int, float]]


class PackRefused(ValueError):
    """A pack that is SenML, but not what the basin file says is taken; the text says why and what to do."""


def read_pack(pack: bytes, received_at_ms: int, names: Sequence[SenmlName]) -> tuple[int, bytes]:
    """Return (log id, records as a data message of ours) of a whole pack, or raise DecodeError or PackRefused.

    The message has the lowest 32 bits of the id, which is all that the wire has room for.
    """
    if not names:
        raise PackRefused(
            "no-senml-logger: expected [[station.senml]] in the basin file, and accept_unauthenticated in gateway.toml"
        )
    measurements = decode_senml(pack, received_at_ms)
    series = _series(measurements, names)
    times_ms = sorted({at_ms for values in series.values() for at_ms in values})
    if len(times_ms) > RECORDS_LIMIT:
        raise PackRefused(f"too-many-instants: {len(times_ms)}, expected at most {RECORDS_LIMIT}")
    # A pack without times of its own means another moment each time it comes, even with the same bytes.
    is_dated = all(each.is_dated for each in measurements)
    log_id = _log_id(pack if is_dated else pack + received_at_ms.to_bytes(8, "big"))
    columns = [_column(sensor, variable, values, times_ms) for (sensor, variable), values in series.items()]
    batch = Batch(log_id & UINT32_LIMIT, 0, times_ms, columns, NO_CONFIGURATION, oldest_held=0, receipted=0)
    return log_id, encode_data(batch)


def _series(measurements: Sequence[Measurement], names: Sequence[SenmlName]) -> Series:
    known = {name.name: name for name in names}
    unknown = sorted({each.name for each in measurements} - known.keys())
    if unknown:
        raise PackRefused(f"unknown-name: {', '.join(unknown)}; name it in [[station.senml]] of the basin file")
    series: Series = {}
    for each in measurements:
        if not isinstance(each.value, float):
            raise PackRefused(f"not-a-number: {each.name}")
        name = known[each.name]
        values = series.setdefault((name.sensor_no, name.variable), {})
        if each.at_ms in values:
            raise PackRefused(f"instant-twice: {each.name} at {each.at_ms} ms")
        try:
            values[each.at_ms] = convert(name.variable, each.unit, each.value)
        except UnknownUnit as error:
            raise PackRefused(f"unknown-unit: {error}") from None
    return series


def _column(sensor: int, variable: str, values: dict[int, float], times_ms: Sequence[int]) -> Column:
    exponent = _exponent(variable, values)
    found = [values.get(at_ms) for at_ms in times_ms]
    mantissas = [None if value is None else round(value / 10.0**exponent) for value in found]
    absent = {index: NOT_SCHEDULED for index, mantissa in enumerate(mantissas) if mantissa is None}
    qualities = {index: NOT_EVALUATED for index, mantissa in enumerate(mantissas) if mantissa is not None}
    return Column(Channel(sensor, code_of(variable), INSTANT, 0, exponent), mantissas, absent, qualities)


def _exponent(variable: str, values: dict[int, float]) -> int:
    """Return the power of ten that keeps the values: at least nine digits of the largest, none that are all zeros."""
    largest = max(map(abs, values.values()))
    finest = next((e for e in range(EXPONENT_LOW, EXPONENT_HIGH + 1) if largest <= MANTISSA_LIMIT * 10.0**e), None)
    if finest is None:
        raise PackRefused(f"out-of-range: {variable} of {largest:g}")
    mantissas = [round(value / 10.0**finest) for value in values.values()]
    exponent = finest
    while exponent < 0 and all(mantissa % 10 == 0 for mantissa in mantissas):
        mantissas = [mantissa // 10 for mantissa in mantissas]
        exponent += 1
    return exponent


def _log_id(identity: bytes) -> int:
    return int.from_bytes(hashlib.sha256(identity).digest()[:8], "big") & LOG_ID_LIMIT
