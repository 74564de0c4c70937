# Shared dialect: runs on MicroPython and CPython.
"""CBOR as other makers' loggers send it: floats and indefinite lengths too, but bounded in size and depth."""

import struct

from .cbor import DecodeError

DEPTH_LIMIT = 4  # pack, record, decimal fraction, its parts
ITEMS_LIMIT = 1024  # of one array or map
TEXT_LIMIT = 1024  # bytes of one text or byte string
EXPONENT_LIMIT = 18  # of a decimal fraction

_BREAK = 0xFF
_DECIMAL_FRACTION = 4
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}


class ItemReader:
    """Takes CBOR items from bytes as int, float, bool, None, str, bytes, list, or list of pairs for a map."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, depth: int = 0) -> object:
        """Return the next item, or raise DecodeError."""
        start = self.position
        if depth > DEPTH_LIMIT:
            raise DecodeError("too-deep", start)
        head = self._take(1)[0]
        major, short = head >> 5, head & 31
        if major == 7:
            return self._simple(short, start)
        if short == 31:
            return self._indefinite(major, start, depth)
        argument = self._argument(short, start)
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 6:
            return self._tagged(argument, start, depth)
        if argument > (ITEMS_LIMIT if major in (4, 5) else TEXT_LIMIT):
            raise DecodeError("too-large", start)
        if major == 2:
            return self._take(argument)
        if major == 3:
            return self._text(self._take(argument), start)
        if major == 4:
            return [self.take(depth + 1) for _ in range(argument)]
        return [(self.take(depth + 1), self.take(depth + 1)) for _ in range(argument)]

    def _take(self, size: int) -> bytes:
        start = self.position
        if size > len(self.data) - start:
            raise DecodeError("truncated", len(self.data))
        self.position = start + size
        return self.data[start : start + size]

    def _argument(self, short: int, start: int) -> int:
        if short < 24:
            return short
        if short > 27:
            raise DecodeError("reserved-head", start)
        argument = 0
        for octet in self._take(1 << (short - 24)):
            argument = argument << 8 | octet
        if argument >> 63:
            raise DecodeError("out-of-range", start)
        return argument

    def _simple(self, short: int, start: int) -> object:
        if short in _FLOATS:
            form, size = _FLOATS[short]
            number = _half(self._take(2)) if size == 2 else struct.unpack(form, self._take(size))[0]
            if number != number or number - number != 0:
                raise DecodeError("not-finite", start)
            return number
        if short in (20, 21):
            return short == 21
        if short == 22:
            return None
        raise DecodeError("wrong-type", start)

    def _indefinite(self, major: int, start: int, depth: int) -> object:
        """Take what goes on until a break."""
        if major == 4:
            items: list[object] = []
            while not self._take_break(len(items), start):
                items.append(self.take(depth + 1))
            return items
        if major == 5:
            pairs: list[tuple[object, object]] = []
            while not self._take_break(len(pairs), start):
                pairs.append((self.take(depth + 1), self.take(depth + 1)))
            return pairs
        joined = b""
        count = 0
        while not self._take_break(count, start):
            count += 1
            joined += self._piece(major)
            if len(joined) > TEXT_LIMIT:
                raise DecodeError("too-large", start)
        return joined if major == 2 else self._text(joined, start)

    def _piece(self, major: int) -> bytes:
        """Take a piece of an indefinite string."""
        start = self.position
        head = self._take(1)[0]
        if major not in (2, 3) or head >> 5 != major or head & 31 == 31:
            raise DecodeError("wrong-type", start)
        size = self._argument(head & 31, start)
        if size > TEXT_LIMIT:
            raise DecodeError("too-large", start)
        return self._take(size)

    def _take_break(self, count: int, start: int) -> bool:
        """Take a break if it is next; `count` items have come before."""
        if self._take(1)[0] == _BREAK:
            return True
        if count == ITEMS_LIMIT:
            raise DecodeError("too-large", start)
        self.position -= 1
        return False

    def _tagged(self, tag: int, start: int, depth: int) -> object:
        """Return a decimal fraction as the number it stands for: the one tag that SenML may use (RFC 8428, 6)."""
        if tag != _DECIMAL_FRACTION:
            raise DecodeError("wrong-tag-number", start)
        parts = self.take(depth + 1)
        if not isinstance(parts, list) or len(parts) != 2 or not all(_is_int(part) for part in parts):
            raise DecodeError("wrong-type", start)
        exponent, mantissa = parts
        if not -EXPONENT_LIMIT <= exponent <= EXPONENT_LIMIT:
            raise DecodeError("out-of-range", start)
        return mantissa * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent

    def _text(self, data: bytes, start: int) -> str:
        try:
            return str(data, "utf-8")
        except UnicodeError:
            raise DecodeError("bad-text", start)


def _is_int(item: object) -> bool:
    return isinstance(item, int) and not isinstance(item, bool)


def _half(octets: bytes) -> float:
    """Return a half-precision float (RFC 8949, appendix D)."""
    bits = octets[0] << 8 | octets[1]
    exponent, fraction = bits >> 10 & 31, bits & 0x3FF
    if exponent == 31:
        number = float("nan") if fraction else float("inf")
    elif exponent == 0:
        number = fraction / 16777216.0
    else:
        number = (fraction + 1024) * 2.0 ** (exponent - 25)
    return -number if bits >> 15 else number
