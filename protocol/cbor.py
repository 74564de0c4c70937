# Shared dialect: runs on MicroPython, on CPython, and compiled (cbor.pxd).
# cython: annotation_typing=False
"""The part of CBOR (RFC 8949) that this protocol speaks, read strictly.

The law this file keeps: a Reader touches a byte only through `_take`, which checks the length against what remains
before anything is allocated. Definite lengths, shortest heads, integers inside 63 bits; what else CBOR has is refused.
"""

# Major types, and the two simple values there are.
_UINT = 0
_NEGATIVE = 1
_BYTES = 2
_TEXT = 3
_ARRAY = 4
_MAP = 5
_TAG = 6
_TRUE = 0xF5
_NULL = 0xF6


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

    def _peek(self) -> int:
        start = self._take(1)
        self.position = start
        return self.data[start]

    def _take_argument(self, major: int) -> int:
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
        value = self._take_argument(_UINT)
        if value < low or value > high:
            raise DecodeError("out-of-range", start)
        return value

    def take_int(self, low: int, high: int) -> int:
        start = self.position
        if self._peek() >> 5 == _NEGATIVE:
            value = -1 - self._take_argument(_NEGATIVE)
        else:
            value = self._take_argument(_UINT)
        if value < low or value > high:
            raise DecodeError("out-of-range", start)
        return value

    def _take_size(self, major: int, low: int, high: int) -> int:
        """Take the head of a string, array or map and return its size; each element needs at least one byte."""
        start = self.position
        size = self._take_argument(major)
        if size < low or size > high:
            raise DecodeError("wrong-size", start)
        if size * (2 if major == _MAP else 1) > self.end - self.position:
            raise DecodeError("truncated", self.end)
        return size

    def take_array(self, low: int, high: int) -> int:
        """Take the head of an array and return how many items follow."""
        return self._take_size(_ARRAY, low, high)

    def take_map(self, low: int, high: int) -> int:
        """Take the head of a map and return how many pairs follow."""
        return self._take_size(_MAP, low, high)

    def take_key(self, last: int, limit: int) -> int:
        """Take the next key of a map: above `last`, so that none comes twice."""
        start = self.position
        key = self.take_uint(0, limit)
        if key <= last:
            raise DecodeError("not-ascending", start)
        return key

    def take_tag(self, number: int) -> None:
        start = self.position
        if self._take_argument(_TAG) != number:
            raise DecodeError("wrong-tag-number", start)

    def skip_bytes(self, low: int, high: int) -> int:
        """Step over a byte string and return its size: it ends at `position`."""
        size = self._take_size(_BYTES, low, high)
        self._take(size)
        return size

    def take_bytes(self, low: int, high: int) -> bytes:
        size = self.skip_bytes(low, high)
        return self.data[self.position - size : self.position]

    def next_major(self) -> int:
        """Return the major type of the next item."""
        return self._peek() >> 5

    def is_text(self) -> bool:
        """Tell whether a text is next."""
        return self.next_major() == _TEXT

    def take_text(self, low: int, high: int) -> str:
        """Take text of printable ASCII and line feeds: the only letters every build reads alike."""
        size = self._take_size(_TEXT, low, high)
        start = self._take(size)
        data = self.data
        for index in range(start, start + size):
            letter = data[index]
            if (letter < 32 and letter != 10) or letter > 126:
                raise DecodeError("bad-text", index)
        return str(data[start : start + size], "ascii")

    def take_true(self) -> bool:
        start = self._take(1)
        if self.data[start] != _TRUE:
            raise DecodeError("wrong-type", start)
        return True

    def take_null(self) -> bool:
        """Step over a null if one is next, and tell whether it was."""
        if self._peek() != _NULL:
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

    def _reserve(self, size: int) -> int:
        """Return where the next `size` bytes go, and step over them."""
        start = self.position
        if size > len(self.buffer) - start:
            raise EncodeError("the message does not fit into %d bytes" % len(self.buffer))
        self.position = start + size
        return start

    def _put_head(self, major: int, argument: int) -> None:
        if argument < 24:
            self.buffer[self._reserve(1)] = major << 5 | argument
            return
        size, code = (1, 24) if argument < 0x100 else (2, 25) if argument < 0x10000 else (4, 26)
        if argument > 0xFFFFFFFF:
            size, code = 8, 27
        start = self._reserve(1 + size)
        self.buffer[start] = major << 5 | code
        for index in range(start + size, start, -1):
            self.buffer[index] = argument & 0xFF
            argument >>= 8

    def put_array(self, size: int) -> None:
        self._put_head(_ARRAY, size)

    def put_map(self, size: int) -> None:
        self._put_head(_MAP, size)

    def put_tag(self, number: int) -> None:
        self._put_head(_TAG, number)

    def put_int(self, value: int) -> None:
        if value < 0:
            self._put_head(_NEGATIVE, -1 - value)
        else:
            self._put_head(_UINT, value)

    def put_uint(self, value: int, limit: int) -> None:
        if not 0 <= value <= limit:
            raise EncodeError("%r: expected 0 to %d" % (value, limit))
        self._put_head(_UINT, value)

    def put_bytes(self, data: bytes) -> None:
        start = self.put_bytes_head(len(data))
        self.buffer[start : start + len(data)] = data

    def put_bytes_head(self, size: int) -> int:
        """Put the head of a byte string and return where its `size` bytes go."""
        self._put_head(_BYTES, size)
        return self._reserve(size)

    def put_text(self, text: str, low: int, high: int) -> None:
        """Put `low` to `high` letters of printable ASCII and line feeds, the only ones `Reader.take_text` takes."""
        data = text.encode()
        if not low <= len(data) <= high:
            raise EncodeError("a text of %d bytes: expected %d to %d" % (len(data), low, high))
        for letter in data:
            if (letter < 32 and letter != 10) or letter > 126:
                raise EncodeError("text %r: expected printable ASCII" % text)
        self._put_head(_TEXT, len(data))
        start = self._reserve(len(data))
        self.buffer[start : start + len(data)] = data

    def put_true(self) -> None:
        self.buffer[self._reserve(1)] = _TRUE

    def put_null(self) -> None:
        self.buffer[self._reserve(1)] = _NULL
