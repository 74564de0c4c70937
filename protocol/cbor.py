# Shared dialect: runs on MicroPython, on CPython, and compiled (cbor.pxd).
# cython: annotation_typing=False
"""The part of CBOR (RFC 8949) that this protocol speaks, read strictly.

The law this file keeps: a Reader touches a byte only through `_take`, which checks the length against what remains
before anything is allocated. Definite lengths, shortest heads, integers inside 63 bits; what else CBOR has is refused.
"""

UINT = 0
NEGATIVE = 1
BYTES = 2
TEXT = 3
ARRAY = 4
MAP = 5
TAG = 6

FALSE_HEAD = 0xF4
TRUE_HEAD = 0xF5
NULL_HEAD = 0xF6

INT_LIMIT = 0x7FFFFFFFFFFFFFFF


class DecodeError(ValueError):
    """Bytes that are not a message: `reason` is a short word, `offset` the byte it was noticed at."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__("%s at byte %d" % (reason, offset))
        self.reason = reason
        self.offset = offset


class EncodeError(ValueError):
    """A value the wire has no form for; the text says which bound it breaks."""


class Reader:
    """Takes one item after the other from `data[start:end]`."""

    def __init__(self, data: bytes, start: int = 0, end: int = -1) -> None:
        self.data = data
        self.position = start
        self.end = len(data) if end < 0 else end

    def _take(self, size: int) -> int:
        """Return where the next `size` bytes start, and step over them."""
        start = self.position
        if size > self.end - start:
            raise DecodeError("truncated", self.end)
        self.position = start + size
        return start

    def peek(self) -> int:
        """Return the next byte without taking it."""
        start = self._take(1)
        self.position = start
        return self.data[start]

    def take_argument(self, major: int) -> int:
        """Take the head of an item of this major type and return its argument."""
        start = self._take(1)
        head = self.data[start]
        if head >> 5 != major:
            raise DecodeError("wrong-type", start)
        short = head & 31
        if short < 24:
            return short
        if short > 27:
            raise DecodeError("indefinite" if short == 31 else "reserved-head", start)
        size = 1 << (short - 24)
        at = self._take(size)
        data = self.data
        argument = data[at]
        if size == 8 and argument > 127:
            raise DecodeError("out-of-range", start)
        for index in range(at + 1, at + size):
            argument = (argument << 8) | data[index]
        # A shorter head could have held it: the smallest argument of each size follows the largest of the one before.
        if argument < 24 or (size > 1 and argument >> (4 * size) == 0):
            raise DecodeError("not-shortest", start)
        return argument

    def take_uint(self, low: int, high: int) -> int:
        start = self.position
        value = self.take_argument(UINT)
        if value < low or value > high:
            raise DecodeError("out-of-range", start)
        return value

    def take_int(self, low: int, high: int) -> int:
        start = self.position
        value = -1 - self.take_argument(NEGATIVE) if self.peek() >> 5 == NEGATIVE else self.take_argument(UINT)
        if value < low or value > high:
            raise DecodeError("out-of-range", start)
        return value

    def take_size(self, major: int, low: int, high: int) -> int:
        """Take the head of a string, array or map and return its size; every element needs at least one byte."""
        start = self.position
        size = self.take_argument(major)
        if size < low or size > high:
            raise DecodeError("wrong-size", start)
        if size * (2 if major == MAP else 1) > self.end - self.position:
            raise DecodeError("truncated", self.end)
        return size

    def take_bytes(self, low: int, high: int) -> bytes:
        size = self.take_size(BYTES, low, high)
        start = self._take(size)
        return self.data[start : start + size]

    def take_text(self, low: int, high: int) -> str:
        """Take text of printable ASCII and line feeds: the only letters every build reads alike."""
        size = self.take_size(TEXT, low, high)
        start = self._take(size)
        data = self.data
        for index in range(start, start + size):
            letter = data[index]
            if (letter < 32 and letter != 10) or letter > 126:
                raise DecodeError("bad-text", index)
        return str(data[start : start + size], "ascii")

    def take_true(self) -> bool:
        start = self._take(1)
        if self.data[start] != TRUE_HEAD:
            raise DecodeError("wrong-type", start)
        return True

    def take_null(self) -> bool:
        """Step over a null if one is next, and tell whether it was."""
        if self.peek() != NULL_HEAD:
            return False
        self._take(1)
        return True

    def finish(self) -> None:
        """Raise unless every byte was taken."""
        if self.position != self.end:
            raise DecodeError("trailing-bytes", self.position)


class Writer:
    """Puts items into `buffer` from `position` on; raises EncodeError when the buffer is full."""

    def __init__(self, buffer: bytearray, position: int = 0) -> None:
        self.buffer = buffer
        self.position = position

    def reserve(self, size: int) -> int:
        """Return where the next `size` bytes go, and step over them."""
        start = self.position
        if size > len(self.buffer) - start:
            raise EncodeError("the message does not fit into %d bytes" % len(self.buffer))
        self.position = start + size
        return start

    def put_head(self, major: int, argument: int) -> None:
        if argument < 24:
            self.buffer[self.reserve(1)] = major << 5 | argument
            return
        size, code = (1, 24) if argument < 0x100 else (2, 25) if argument < 0x10000 else (4, 26)
        if argument > 0xFFFFFFFF:
            size, code = 8, 27
        start = self.reserve(1 + size)
        self.buffer[start] = major << 5 | code
        for index in range(start + size, start, -1):
            self.buffer[index] = argument & 0xFF
            argument >>= 8

    def put_int(self, value: int) -> None:
        if value < 0:
            self.put_head(NEGATIVE, -1 - value)
        else:
            self.put_head(UINT, value)

    def put_uint(self, value: int, limit: int) -> None:
        if not 0 <= value <= limit:
            raise EncodeError("%r: expected 0 to %d" % (value, limit))
        self.put_head(UINT, value)

    def put_bytes(self, data: bytes) -> None:
        self.put_head(BYTES, len(data))
        start = self.reserve(len(data))
        self.buffer[start : start + len(data)] = data

    def put_text(self, text: str, low: int, high: int) -> None:
        """Put `low` to `high` letters of printable ASCII and line feeds, the only ones `Reader.take_text` takes."""
        data = text.encode()
        if not low <= len(data) <= high:
            raise EncodeError("a text of %d bytes: expected %d to %d" % (len(data), low, high))
        for letter in data:
            if (letter < 32 and letter != 10) or letter > 126:
                raise EncodeError("text %r: expected printable ASCII" % text)
        self.put_head(TEXT, len(data))
        start = self.reserve(len(data))
        self.buffer[start : start + len(data)] = data

    def put_simple(self, head: int) -> None:
        self.buffer[self.reserve(1)] = head
