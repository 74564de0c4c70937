# Shared dialect: runs on MicroPython, on CPython, and compiled (packing.pxd).
# cython: annotation_typing=False
"""Series of integers as bit strings: Rice-coded differences (protocol/README.md, "Packed series").

An empty string says that nothing changes. Otherwise the first byte is 32 * order + k, and one number follows per value
after the first, most significant bit first: in order 0 the difference to the value before, in order 1 the change of
that difference (which starts at 0). A number n is folded to z = 2n, or -2n - 1 when negative, and written as z >> k
ones, a zero, and the low k bits of z; when z >> k is 12 or more, as twelve ones and the whole z in 44 bits. Zeros fill
the last byte.
"""

from .cbor import DecodeError, EncodeError, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

_K_LIMIT = 31
_ESCAPE_ONES = 12
_ESCAPE_BITS = 44


def packed_bits(values: list[int | None], order: int, k: int) -> int:
    """Return how many bits the numbers of the series take; None is not in the series."""
    bits = 0
    started = False
    last = slope = 0
    for value in values:
        if value is None:
            continue
        if started:
            number = value - last - slope
            if order:
                slope += number
            ones = (number << 1 if number >= 0 else -1 - (number << 1)) >> k
            bits += ones + 1 + k if ones < _ESCAPE_ONES else _ESCAPE_ONES + _ESCAPE_BITS
        started = True
        last = value
    return bits


def choose_k(values: list[int | None], order: int) -> tuple[int, int]:
    """Return (bits, k) for the k that packs the series best, up to a local minimum."""
    best = packed_bits(values, order, 0)
    best_k = 0
    for k in range(1, _K_LIMIT + 1):
        bits = packed_bits(values, order, k)
        if bits < best:
            best, best_k = bits, k
        elif best_k + 2 <= k and bits > best:
            break
    return best, best_k


def put_series(writer: Writer, values: list[int | None]) -> None:
    """Put the packed string of the series; None is not in the series."""
    started = changes = False
    first = 0
    for value in values:
        if value is not None:
            if started and value != first:
                changes = True
                break
            first = value
            started = True
    if not changes:
        writer.put_bytes(b"")
        return
    bits, k = choose_k(values, 0)
    order = 0
    bits_1, k_1 = choose_k(values, 1)
    if bits_1 < bits:
        bits, k, order = bits_1, k_1, 1
    size = 1 + (bits + 7) // 8
    _put_numbers(writer.buffer, writer.put_bytes_head(size), values, order, k)


def _put_numbers(buffer: bytearray, at: int, values: list[int | None], order: int, k: int) -> None:
    buffer[at] = order << 5 | k
    at += 1
    held = held_bits = 0  # bits not yet written: fewer than 8 between two numbers
    started = False
    last = slope = 0
    for value in values:
        if value is None:
            continue
        if started:
            number = value - last - slope
            if order:
                slope += number
            folded = number << 1 if number >= 0 else -1 - (number << 1)
            ones = folded >> k
            if ones < _ESCAPE_ONES:
                held = held << (ones + 1) | ((1 << ones) - 1) << 1
                held_bits += ones + 1
                tail, tail_bits = folded & ((1 << k) - 1), k
            else:
                if folded >> _ESCAPE_BITS:
                    raise EncodeError("a step of %d, expected less than 2**43" % number)
                held = held << _ESCAPE_ONES | ((1 << _ESCAPE_ONES) - 1)
                held_bits += _ESCAPE_ONES
                tail, tail_bits = folded, _ESCAPE_BITS
            while held_bits >= 8:
                held_bits -= 8
                buffer[at] = held >> held_bits & 0xFF
                at += 1
            held = (held & 0xFF) << tail_bits | tail
            held_bits += tail_bits
            while held_bits >= 8:
                held_bits -= 8
                buffer[at] = held >> held_bits & 0xFF
                at += 1
            held &= 0xFF
        started = True
        last = value
    if held_bits:
        buffer[at] = held << (8 - held_bits) & 0xFF


def unpack_series(data: bytes, start: int, end: int, first: int, count: int, limit: int, out: "array[int]") -> None:
    """Put the `count` values of the packed string `data[start:end]` into `out`.

    Raises DecodeError for a string that is not exactly those numbers in their shortest form, or for a value beyond
    +-limit (at most 2**43).
    """
    out[0] = first
    if start == end:
        for index in range(1, count):
            out[index] = first
        return
    head = data[start]
    if head > 63:
        raise DecodeError("bad-packing", start)
    order = head >> 5
    k = head & 31
    at = start + 1
    held = held_bits = 0
    value = first
    slope = changes = 0
    for index in range(1, count):
        ones = 0
        while True:
            if held_bits == 0:
                if at == end:
                    raise DecodeError("packing-truncated", end)
                held = data[at]
                held_bits = 8
                at += 1
            held_bits -= 1
            if held >> held_bits & 1 == 0:
                break
            ones += 1
            if ones == _ESCAPE_ONES:
                break
        folded = 0 if ones == _ESCAPE_ONES else ones
        wanted = _ESCAPE_BITS if ones == _ESCAPE_ONES else k
        while wanted > 0:
            if held_bits == 0:
                if at == end:
                    raise DecodeError("packing-truncated", end)
                held = data[at]
                held_bits = 8
                at += 1
            taken = wanted if wanted < held_bits else held_bits
            held_bits -= taken
            folded = folded << taken | (held >> held_bits & ((1 << taken) - 1))
            wanted -= taken
        if ones == _ESCAPE_ONES and folded >> k < _ESCAPE_ONES:
            raise DecodeError("packing-not-shortest", at - 1)
        slope = (slope if order else 0) + (folded >> 1 ^ -(folded & 1))
        value += slope
        if value < -limit or value > limit:
            raise DecodeError("out-of-range", at - 1)
        changes |= folded
        out[index] = value
    if at != end or held & ((1 << held_bits) - 1):
        raise DecodeError("packing-trailing", at - 1)
    if changes == 0:
        raise DecodeError("packing-not-shortest", start)
