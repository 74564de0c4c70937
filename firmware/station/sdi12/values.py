# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The values of an SDI-12 answer (standard version 1.4, section 4.4.8: pd.d), read without floats."""

MOST_DIGITS = 7
MOST_CHARACTERS = 9


def split_values(text):
    """Return the values of an answer behind its address, as texts; ValueError when one is none."""
    values = []
    for character in text:
        if character in "+-":
            values.append(character)
        elif not values:
            raise ValueError("no sign before %r" % text)
        else:
            values[-1] += character
    for value in values:
        whole, _, fraction = value[1:].partition(".")
        digits = whole + fraction
        if not digits.isdigit() or len(digits) > MOST_DIGITS or len(value) > MOST_CHARACTERS:
            raise ValueError("%r is no value" % value)
    return values


def mantissa_of(value, exponent):
    """Return the whole number that, times 10 ** exponent, is nearest to the value; exponent <= 0."""
    whole, _, fraction = value[1:].partition(".")
    shift = -exponent - len(fraction)
    number = int(whole + fraction)
    number = number * 10**shift if shift >= 0 else (number + 10**-shift // 2) // 10**-shift
    return -number if value[0] == "-" else number
