# Shared dialect: runs on MicroPython, and on CPython.
"""HMAC-SHA-256 against the test cases of RFC 4231."""

from binascii import hexlify

from firmware.station.hmac import hmac_sha256

CASES = {
    "1: short key": (
        b"\x0b" * 20,
        b"Hi There",
        b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    "2: key shorter than the block": (
        b"Jefe",
        b"what do ya want for nothing?",
        b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "3: data of 50 bytes": (
        b"\xaa" * 20,
        b"\xdd" * 50,
        b"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    "6: key longer than the block": (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        b"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
}


def test_the_cases_of_rfc_4231_are_met():
    for name, (key, data, expected) in sorted(CASES.items()):
        assert hexlify(hmac_sha256(key, data)) == expected, name
