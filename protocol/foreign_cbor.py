# Shared dialect: runs on MicroPython and CPython.
"""CBOR (RFC 8949) as other makers write it: heads of any length, floats, decimal fractions, indefinite arrays and maps.

The law this file keeps: a byte is touched only through `_take`, which checks the length against what remains; every
array, map and string has a bound that its caller names; what is skipped nests no deeper than DEPTH_LIMIT.
"""

import struct

from .cbor import DecodeError

DEPTH_LIMIT = 4  # of arrays, maps and tags within a value that is skipped
POWER_LIMIT = 22  # of a decimal fraction: the powers of ten that a double holds exactly
INTEGER_LIMIT = (1 << 53) - 1  # of the mantissa of a decimal fraction, and of a label

_UINT, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_DECIMAL_FRACTION = 4
_FALSE, _TRUE, _BREAK = 0xF4, 0xF5, 0xFF
_HALF, _SINGLE, _DOUBLE = 25, 26, 27
_INDEFINITE = -1


class ForeignReader:
    """Takes one item after the other from `data`; raises DecodeError(reason, offset)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def take_array(self, limit: int) -> int:
        """Take the head of an array; give what it returns to `has_next`."""
        return self._take_size(_ARRAY, limit, 1)

    def take_map(self, limit: int) -> int:
        """Take the head of a map; give what it returns to `has_next`, once for each pair."""
        return self._take_size(_MAP, limit, 2)

    def has_next(self, size: int, taken: int, limit: int) -> bool:
        """Tell whether an element follows the `taken` ones; the end of an indefinite array or map is stepped over."""
        if size != _INDEFINITE:
            return taken < size
        if self._peek() == _BREAK:
            self._take(1)
            return False
        if taken == limit:
            raise DecodeError("wrong-size", self.position)
        return True

    def take_label(self) -> "int | str":
        """Take the key of a map: a whole number or a text."""
        start = self.position
        major = self._peek() >> 5
        if major == _TEXT:
            return self.take_text(0, len(self._data))
        if major not in (_UINT, _NEGATIVE):
            raise DecodeError("wrong-type", start)
        return self._take_integer()

    def take_number(self) -> float:
        """Take a finite number: an integer, a float of any size, or a decimal fraction (tag 4)."""
        start = self.position
        major = self._peek() >> 5
        if major in (_UINT, _NEGATIVE):
            argument = self._take_argument(major)
            return float(argument if major == _UINT else -1 - argument)
        if major == _TAG:
            return self._take_decimal_fraction()
        value = self._take_float(start)
        # Infinity minus itself is not a number, and nothing equals that.
        if value - value != 0:
            raise DecodeError("not-finite", start)
        return value

    def take_text(self, low: int, high: int) -> str:
        size = self._take_size(_TEXT, high, 1)
        start = self._take(size)
        if size < low:
            raise DecodeError("wrong-size", start)
        try:
            return str(self._data[start : start + size], "utf-8")
        except UnicodeError:
            raise DecodeError("bad-text", start)

    def take_bytes(self, high: int) -> bytes:
        size = self._take_size(_BYTES, high, 1)
        start = self._take(size)
        return self._data[start : start + size]

    def take_bool(self) -> bool:
        start = self._take(1)
        if self._data[start] not in (_FALSE, _TRUE):
            raise DecodeError("wrong-type", start)
        return self._data[start] == _TRUE

    def skip(self, depth: int = 0) -> None:
        """Step over one item of any kind."""
        start = self.position
        if depth > DEPTH_LIMIT:
            raise DecodeError("too-deep", start)
        major = self._peek() >> 5
        if major in (_UINT, _NEGATIVE):
            self._take_argument(major)
        elif major == _BYTES:
            self.take_bytes(len(self._data))
        elif major == _TEXT:
            self.take_text(0, len(self._data))
        elif major in (_ARRAY, _MAP):
            per_element = 1 if major == _ARRAY else 2
            size = self._take_size(major, len(self._data), per_element)
            taken = 0
            while self.has_next(size, taken, len(self._data)):
                for _ in range(per_element):
                    self.skip(depth + 1)
                taken += 1
        elif major == _TAG:
            self._take_argument(_TAG)
            self.skip(depth + 1)
        else:
            self._skip_simple(start)

    def finish(self) -> None:
        """Raise unless every byte was taken."""
        if self.position != len(self._data):
            raise DecodeError("trailing-bytes", self.position)

    def _take(self, size: int) -> int:
        """Return where the next `size` bytes start, and step over them."""
        start = self.position
        if size > len(self._data) - start:
            raise DecodeError("truncated", len(self._data))
        self.position = start + size
        return start

    def _peek(self) -> int:
        start = self._take(1)
        self.position = start
        return self._data[start]

    def _take_argument(self, major: int) -> int:
        """Take the head of an item of this major type and return its argument, which must be definite."""
        start = self._take(1)
        head = self._data[start]
        if head >> 5 != major:
            raise DecodeError("wrong-type", start)
        short = head & 31
        if short < 24:
            return short
        if short > 27:
            raise DecodeError("indefinite" if short == 31 else "reserved-head", start)
        size = 1 << (short - 24)
        at = self._take(size)
        argument = 0
        for index in range(at, at + size):
            argument = argument << 8 | self._data[index]
        return argument

    def _take_size(self, major: int, limit: int, per_element: int) -> int:
        """Take the head of a string, array or map and return its size; only arrays and maps may be indefinite."""
        start = self.position
        if major in (_ARRAY, _MAP) and self._peek() == major << 5 | 31:
            self._take(1)
            return _INDEFINITE
        size = self._take_argument(major)
        if size > limit:
            raise DecodeError("wrong-size", start)
        if size * per_element > len(self._data) - self.position:
            raise DecodeError("truncated", len(self._data))
        return size

    def _take_integer(self) -> int:
        start = self.position
        major = self._peek() >> 5
        argument = self._take_argument(_NEGATIVE if major == _NEGATIVE else _UINT)
        if argument > INTEGER_LIMIT:
            raise DecodeError("out-of-range", start)
        return -1 - argument if major == _NEGATIVE else argument

    def _take_decimal_fraction(self) -> float:
        """Take 4([power, mantissa]), which is mantissa * 10**power."""
        start = self.position
        if self._take_argument(_TAG) != _DECIMAL_FRACTION:
            raise DecodeError("wrong-type", start)
        at = self.position
        if self._take_argument(_ARRAY) != 2:
            raise DecodeError("wrong-size", at)
        at = self.position
        power = self._take_integer()
        if power < -POWER_LIMIT or power > POWER_LIMIT:
            raise DecodeError("out-of-range", at)
        mantissa = float(self._take_integer())
        # A negative power divides: that rounds once, where a multiplication by 0.1 would round twice.
        return mantissa * 10.0**power if power >= 0 else mantissa / 10.0**-power

    def _take_float(self, start: int) -> float:
        head = self._data[self._take(1)]
        if head == _SIMPLE << 5 | _HALF:
            at = self._take(2)
            return _half(self._data[at] << 8 | self._data[at + 1], start)
        if head == _SIMPLE << 5 | _SINGLE:
            at = self._take(4)
            return float(struct.unpack(">f", self._data[at : at + 4])[0])
        if head == _SIMPLE << 5 | _DOUBLE:
            at = self._take(8)
            return float(struct.unpack(">d", self._data[at : at + 8])[0])
        raise DecodeError("wrong-type", start)

    def _skip_simple(self, start: int) -> None:
        short = self._data[self._take(1)] & 31
        if short > _DOUBLE:
            raise DecodeError("reserved-head", start)
        if short > 23:
            self._take(1 << (short - 24))


def _half(bits: int, start: int) -> float:
    """Return the value of a half-precision float (RFC 8949, appendix D)."""
    exponent, fraction = bits >> 10 & 31, bits & 1023
    if exponent == 31:
        raise DecodeError("not-finite", start)
    value = fraction * 2.0**-24 if exponent == 0 else (1024 + fraction) * 2.0 ** (exponent - 25)
    return -value if bits >> 15 else value
