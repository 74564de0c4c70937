# Shared dialect: runs on MicroPython and CPython.
"""SenML in CBOR (RFC 8428), as other makers' loggers send it: a pack to measurements with everything resolved.

Base names, times, units, values and sums are applied, and times relative to "now" are made absolute. Nothing is
repaired: whatever the RFC or the bounds below do not allow is refused whole, with DecodeError(reason, offset).
"""

from .batch import TIME_LIMIT_MS
from .cbor import DecodeError
from .foreign_cbor import ForeignReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Fields = dict[int, Any]  # by label; the takers below see to the types

# Bounds of ours; the RFC has none.
PACK_LIMIT = 65_536  # bytes
RECORDS_LIMIT = 1_024
FIELDS_LIMIT = 32  # in one record
NAME_LIMIT = 128  # letters of a name, base and all
UNIT_LIMIT = 32
TEXT_LIMIT = 1_024  # bytes of a text value or a data value

VERSION = 10  # RFC 8428, section 4.4: what is meant by no version, and the highest there is
ABSOLUTE_FROM_S = 1 << 28  # section 4.5.3: times below are relative to now

# Labels, section 6, table 4.
_BASE_SUM, _BASE_VALUE, _BASE_UNIT, _BASE_TIME, _BASE_NAME, _BASE_VERSION = -6, -5, -4, -3, -2, -1
_NAME, _UNIT, _VALUE, _TEXT_VALUE, _BOOL_VALUE, _SUM, _TIME, _UPDATE_TIME, _DATA_VALUE = range(9)
_VALUES = (_VALUE, _TEXT_VALUE, _BOOL_VALUE, _DATA_VALUE)
_NAME_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-:./_"


class Measurement:
    """One resolved record. `value` is a float, text, bool or bytes, or None where the record has only a sum.

    `is_dated` tells whether the logger knew the time; else `at_ms` was made from the time of receipt. `offset` is the
    byte at which the record begins.
    """

    __slots__ = ("at_ms", "is_dated", "name", "offset", "sum", "unit", "update_s", "value")

    def __init__(
        self,
        name: str,
        unit: str,
        value: "float | str | bool | bytes | None",
        at_ms: int,
        is_dated: bool,
        sum: "float | None" = None,
        update_s: "float | None" = None,
        offset: int = 0,
    ) -> None:
        self.name = name
        self.unit = unit
        self.value = value
        self.at_ms = at_ms
        self.is_dated = is_dated
        self.sum = sum
        self.update_s = update_s
        self.offset = offset


def decode_senml(payload: bytes, received_at_ms: int) -> list[Measurement]:
    """Return the measurements of a pack in its order, or raise DecodeError; times "now" are `received_at_ms`."""
    if len(payload) > PACK_LIMIT:
        raise DecodeError("too-large", PACK_LIMIT)
    reader = ForeignReader(payload)
    base: Fields = {}
    measurements = []
    size = reader.take_array(RECORDS_LIMIT)
    taken = 0
    while reader.has_next(size, taken, RECORDS_LIMIT):
        start = reader.position
        fields = _take_record(reader)
        for label in fields:
            if label < 0:
                base[label] = fields[label]
        # A record of base fields alone measures nothing: it speaks for those that follow (section 5.1.7).
        if any(label >= 0 for label in fields):
            measurements.append(_resolve(fields, base, received_at_ms, start))
        taken += 1
    reader.finish()
    if not measurements:
        raise DecodeError("no-measurement", len(payload))
    return measurements


def is_name(text: str) -> bool:
    """Tell whether the text may be a name with its base (section 4.5.1)."""
    if not 1 <= len(text) <= NAME_LIMIT or text[0] in "-:./_":
        return False
    return all(letter in _NAME_LETTERS for letter in text)


def _take_record(reader: ForeignReader) -> "Fields":
    """Take one record; fields of no meaning to us are left out, unless they insist on being understood."""
    fields: Fields = {}
    size = reader.take_map(FIELDS_LIMIT)
    taken = 0
    while reader.has_next(size, taken, FIELDS_LIMIT):
        start = reader.position
        label = reader.take_label()
        if isinstance(label, str) and label.endswith("_"):
            raise DecodeError("not-understood", start)  # section 4.4
        if label in fields:
            raise DecodeError("label-twice", start)
        if label in _TAKERS:
            fields[label] = _TAKERS[label](reader)
        else:
            reader.skip()
        taken += 1
    return fields


def _take_version(reader: ForeignReader) -> int:
    start = reader.position
    version = reader.take_label()
    if not isinstance(version, int):
        raise DecodeError("wrong-type", start)
    if not 1 <= version <= VERSION:
        raise DecodeError("unknown-version", start)
    return version


def _take_name(reader: ForeignReader) -> str:
    return reader.take_text(0, NAME_LIMIT)


def _take_unit(reader: ForeignReader) -> str:
    return reader.take_text(1, UNIT_LIMIT)


def _take_text_value(reader: ForeignReader) -> str:
    return reader.take_text(0, TEXT_LIMIT)


def _take_data_value(reader: ForeignReader) -> bytes:
    return reader.take_bytes(TEXT_LIMIT)


_TAKERS = {
    _BASE_SUM: ForeignReader.take_number,
    _BASE_VALUE: ForeignReader.take_number,
    _BASE_UNIT: _take_unit,
    _BASE_TIME: ForeignReader.take_number,
    _BASE_NAME: _take_name,
    _BASE_VERSION: _take_version,
    _NAME: _take_name,
    _UNIT: _take_unit,
    _VALUE: ForeignReader.take_number,
    _TEXT_VALUE: _take_text_value,
    _BOOL_VALUE: ForeignReader.take_bool,
    _SUM: ForeignReader.take_number,
    _TIME: ForeignReader.take_number,
    _UPDATE_TIME: ForeignReader.take_number,
    _DATA_VALUE: _take_data_value,
}


def _resolve(fields: "Fields", base: "Fields", received_at_ms: int, start: int) -> Measurement:
    """Return the record with the base fields applied (section 4.6)."""
    name = str(base.get(_BASE_NAME, "")) + str(fields.get(_NAME, ""))
    if not is_name(name):
        raise DecodeError("bad-name", start)
    found = [label for label in _VALUES if label in fields]
    if len(found) > 1:
        raise DecodeError("two-values", start)
    if not found and _SUM not in fields:
        raise DecodeError("no-value", start)
    value = fields[found[0]] if found else None
    if _VALUE in fields:
        value = _added(fields, _VALUE, base, _BASE_VALUE, start)
    total = None
    if _SUM in fields or _BASE_SUM in base:
        total = _added(fields, _SUM, base, _BASE_SUM, start)
    time_s = _added(fields, _TIME, base, _BASE_TIME, start)
    is_dated = time_s >= ABSOLUTE_FROM_S
    at_ms = -1
    if abs(time_s) <= TIME_LIMIT_MS // 1000:
        at_ms = round(time_s * 1000) + (0 if is_dated else received_at_ms)
    if not 0 <= at_ms <= TIME_LIMIT_MS:
        raise DecodeError("bad-time", start)
    unit = str(fields.get(_UNIT, base.get(_BASE_UNIT, "")))
    return Measurement(name, unit, value, at_ms, is_dated, total, fields.get(_UPDATE_TIME), start)


def _added(fields: "Fields", label: int, base: "Fields", base_label: int, start: int) -> float:
    """Return the sum of a field and its base; what is missing is zero."""
    total = float(base.get(base_label, 0.0)) + float(fields.get(label, 0.0))
    if total - total != 0:
        raise DecodeError("not-finite", start)
    return total
