# Shared dialect: runs on MicroPython and CPython.
"""SenML-CBOR (RFC 8428) from other makers' loggers: packs to resolved values. Read only; nothing here sends it."""

from .cbor import DecodeError
from .senml_items import ItemReader

PACK_LIMIT = 65_536  # bytes
RECORDS_LIMIT = 512
NAME_LIMIT = 256
VERSION = 10  # RFC 8428, 4.4
TIME_LIMIT_S = 2**32
RELATIVE_BELOW_S = 2**28  # a smaller time is relative to now (RFC 8428, 4.5.3)

# Labels (RFC 8428, table 4).
_BASE_VERSION, _BASE_NAME, _BASE_TIME, _BASE_UNIT, _BASE_VALUE, _BASE_SUM = -1, -2, -3, -4, -5, -6
_NAME, _UNIT, _VALUE, _STRING, _BOOLEAN, _SUM, _TIME, _UPDATE, _DATA = 0, 1, 2, 3, 4, 5, 6, 7, 8
_TEXTS = (_BASE_NAME, _BASE_UNIT, _NAME, _UNIT, _STRING)
_NUMBERS = (_BASE_VERSION, _BASE_TIME, _BASE_VALUE, _BASE_SUM, _VALUE, _SUM, _TIME, _UPDATE)
_VALUES = (_VALUE, _STRING, _BOOLEAN, _DATA)  # of which a record holds at most one

# Unit of SenML (RFC 8428 and RFC 8798) -> how our variables end, and how a number is converted: (factor, offset).
_UNITS = {
    "m": {"_m": (1.0, 0.0), "_mm": (1000.0, 0.0)},
    "cm": {"_m": (0.01, 0.0)},
    "mm": {"_m": (0.001, 0.0), "_mm": (1.0, 0.0)},
    "m/s": {"_m_s": (1.0, 0.0)},
    "m3/s": {"_m3_s": (1.0, 0.0)},
    "l/s": {"_m3_s": (0.001, 0.0)},
    "m2": {"_m2": (1.0, 0.0)},
    "Cel": {"_c": (1.0, 0.0)},
    "K": {"_c": (1.0, -273.15)},
    "V": {"_v": (1.0, 0.0)},
    "mV": {"_v": (0.001, 0.0)},
    "Pa": {"_hpa": (0.01, 0.0)},
    "hPa": {"_hpa": (1.0, 0.0)},
    "%RH": {"_percent": (1.0, 0.0)},
    "S/m": {"_us_cm": (10_000.0, 0.0)},
    "dB": {"_db": (1.0, 0.0)},
    "count": {"pulses": (1.0, 0.0)},
}


class UnknownUnit(ValueError):
    """A unit that does not fit the variable; `unit` and `variable` are what was given."""

    def __init__(self, unit: str, variable: str) -> None:
        super().__init__("the unit %r does not fit %s" % (unit, variable))
        self.unit = unit
        self.variable = variable


class SenmlValue:
    """One resolved record: `value` is None where the record holds a sum, a text, a boolean or data instead."""

    __slots__ = ("name", "sum", "time_ms", "unit", "value")

    def __init__(self, name: str, unit: str, time_ms: int, value: float | None, total: float | None) -> None:
        self.name = name
        self.unit = unit
        self.time_ms = time_ms
        self.value = value
        self.sum = total


def decode_senml(payload: bytes, now_ms: int) -> list[SenmlValue]:
    """Return the records of a pack with base values and times resolved, or raise DecodeError."""
    if len(payload) > PACK_LIMIT:
        raise DecodeError("too-large", PACK_LIMIT)
    reader = ItemReader(payload)
    pack = reader.take()
    if reader.position != len(payload):
        raise DecodeError("trailing-bytes", reader.position)
    if not isinstance(pack, list) or not 1 <= len(pack) <= RECORDS_LIMIT or payload[0] >> 5 != 4:
        raise DecodeError("wrong-type", 0)
    texts: dict[int, str] = {}
    numbers: dict[int, float] = {}
    values = []
    for item in pack:
        fields = _fields(item)
        # Only base values hold on; what one record says of itself goes with it.
        texts = {label: text for label, text in texts.items() if label < 0}
        numbers = {label: number for label, number in numbers.items() if label < 0}
        for label, value in fields.items():
            if isinstance(value, str):
                texts[label] = value
            elif label in _NUMBERS and isinstance(value, (int, float)):
                numbers[label] = value
        if numbers.get(_BASE_VERSION, VERSION) > VERSION:
            raise DecodeError("unknown-version", 0)
        if any(label >= 0 for label in fields):
            values.append(_resolve(texts, numbers, [label for label in _VALUES if label in fields], now_ms))
    return values


def to_variable(value: float, unit: str, variable: str) -> float:
    """Return a value in the unit that the variable has in its name, or raise UnknownUnit."""
    for ending, (factor, offset) in _UNITS.get(unit, {}).items():
        # "_m" ends "stage_m" but not "discharge_m3_s"; "_m_s" and "_m" cannot both end one name.
        if variable.endswith(ending):
            return value * factor + offset
    raise UnknownUnit(unit, variable)


def _fields(item: object) -> dict[int, object]:
    """Return a record by label; unknown labels are ignored unless they must be understood (RFC 8428, 4.4)."""
    if not isinstance(item, list) or not all(isinstance(pair, tuple) for pair in item):
        raise DecodeError("wrong-type", 0)
    fields: dict[int, object] = {}
    for label, value in item:
        if isinstance(label, str):
            if label.endswith("_"):
                raise DecodeError("unknown-field", 0)
            continue
        if not isinstance(label, int) or isinstance(label, bool):
            raise DecodeError("wrong-type", 0)
        if label in fields:
            raise DecodeError("not-ascending", 0)
        if label in _TEXTS and not isinstance(value, str):
            raise DecodeError("wrong-type", 0)
        if label == _BOOLEAN and not isinstance(value, bool):
            raise DecodeError("wrong-type", 0)
        if label in _NUMBERS and (not isinstance(value, (int, float)) or isinstance(value, bool)):
            raise DecodeError("wrong-type", 0)
        fields[label] = value
    return fields


def _resolve(texts: dict[int, str], numbers: dict[int, float], kinds: list[int], now_ms: int) -> SenmlValue:
    """Return a record with its base values; `kinds` are the labels of values it holds, of which one may be."""
    name = texts.get(_BASE_NAME, "") + texts.get(_NAME, "")
    if not _is_name(name):
        raise DecodeError("bad-name", 0)
    has_sum = _SUM in numbers or _BASE_SUM in numbers
    has_value = kinds == [_VALUE] or (not kinds and not has_sum and _BASE_VALUE in numbers)
    if len(kinds) > 1 or not (kinds or has_sum or has_value):
        raise DecodeError("wrong-size", 0)
    time_s = numbers.get(_BASE_TIME, 0) + numbers.get(_TIME, 0)
    if not -TIME_LIMIT_S < time_s < TIME_LIMIT_S:
        raise DecodeError("bad-time", 0)
    time_ms = round(time_s * 1000)
    if time_s < RELATIVE_BELOW_S:
        time_ms += now_ms
    return SenmlValue(
        name,
        texts.get(_UNIT, texts.get(_BASE_UNIT, "")),
        time_ms,
        _finite(numbers.get(_VALUE, 0) + numbers.get(_BASE_VALUE, 0)) if has_value else None,
        _finite(numbers.get(_SUM, 0) + numbers.get(_BASE_SUM, 0)) if has_sum else None,
    )


def _finite(number: float) -> float:
    if number - number != 0:
        raise DecodeError("not-finite", 0)
    return number


def _is_name(name: str) -> bool:
    """Tell whether the text may name a sensor (RFC 8428, 4.5.1)."""
    if not 1 <= len(name) <= NAME_LIMIT or name[0] in "-:./_":
        return False
    return all("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c in "-:./_" for c in name)
