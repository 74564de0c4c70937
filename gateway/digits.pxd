# cython: cdivision=True
"""Numbers as decimal digits, eight at a time, for C code that writes text into a buffer with room to spare.

`put_number` and `put_decimal` return where the text ends, and may write up to eight bytes behind that.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

cdef extern from "<endian.h>":
    uint64_t htole64(uint64_t number) noexcept

cdef extern from *:
    int __builtin_ctzll(unsigned long long number) noexcept

cdef enum:
    EIGHT_DIGITS = 100_000_000  # the smallest number that takes more
    DECIMALS_LIMIT = 15


cdef inline char* put_number(char* out, uint64_t number) noexcept:
    """Put a whole number without leading zeros."""
    cdef uint64_t digits
    cdef int zeros
    if number < EIGHT_DIGITS:
        digits = eight_digits(<uint32_t>number)
        zeros = _leading_zeros(digits)
        put_eight(out, digits >> 8 * zeros)
        return out + 8 - zeros
    out = put_number(out, number // EIGHT_DIGITS)
    put_eight(out, eight_digits(<uint32_t>(number % EIGHT_DIGITS)))
    return out + 8


cdef inline char* put_decimal(char* out, int64_t mantissa, int exponent) noexcept:
    """Put mantissa * 10**exponent with all its decimals (at most 15), and at least one digit before the point."""
    cdef uint64_t digits
    cdef int zeros, whole
    if mantissa < 0:
        out[0] = b"-"
        out += 1
        mantissa = -mantissa
    if exponent >= 0:
        out = put_number(out, mantissa)
        memset(out, 48, exponent)
        return out + exponent
    if mantissa >= EIGHT_DIGITS or exponent < -7:
        return _put_long_decimal(out, mantissa, -exponent)
    digits = eight_digits(<uint32_t>mantissa)
    zeros = min(_leading_zeros(digits), 7 + exponent)
    whole = 8 - zeros + exponent
    digits >>= 8 * zeros
    put_eight(out, digits)
    out[whole] = b"."
    put_eight(out + whole + 1, digits >> 8 * whole)
    return out + 9 - zeros


cdef inline char* _put_long_decimal(char* out, int64_t mantissa, int decimals) noexcept:
    """Put a value that takes more than eight digits."""
    cdef char digits[16]
    cdef int start = 0
    cdef int point = 16 - decimals
    put_eight(digits, eight_digits(<uint32_t>(mantissa // EIGHT_DIGITS)))
    put_eight(digits + 8, eight_digits(<uint32_t>(mantissa % EIGHT_DIGITS)))
    while digits[start] == b"0" and start < point - 1:
        start += 1
    memcpy(out, digits + start, point - start)
    out += point - start
    out[0] = b"."
    memcpy(out + 1, digits + point, decimals)
    return out + 1 + decimals


cdef inline void put_eight(char* out, uint64_t digits) noexcept:
    """Put eight letters of which the first is the lowest byte, whether all of them are wanted or not."""
    digits = htole64(digits)
    memcpy(out, &digits, 8)


cdef inline int _leading_zeros(uint64_t digits) noexcept:
    """Return how many "0" come before the first other digit, or before the last."""
    return __builtin_ctzll((digits - <uint64_t>0x3030_3030_3030_3030) | <uint64_t>1 << 56) >> 3


cdef inline uint64_t eight_digits(uint32_t number) noexcept:
    """Return the eight digits of a number below 10**8 as ASCII, the first in the lowest byte.

    Two halves of four digits, four of two, and eight of one are divided side by side: a factor and a shift divide
    exactly in the range that each part has (by 100 below 10,000, by 10 below 100).
    """
    cdef uint64_t halves = number // 10_000 | <uint64_t>(number % 10_000) << 32
    cdef uint64_t hundreds = halves * 10_486 >> 20 & <uint64_t>0x7F_0000_007F
    cdef uint64_t pairs = hundreds | halves - 100 * hundreds << 16
    cdef uint64_t tens = pairs * 103 >> 10 & <uint64_t>0x000F_000F_000F_000F
    return (tens | pairs - 10 * tens << 8) + <uint64_t>0x3030_3030_3030_3030
