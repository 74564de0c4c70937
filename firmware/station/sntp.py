# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Time from a server by SNTP, as bytes (RFC 4330; sections below), without I/O."""

import struct

PORT = 123
PACKET_BYTES = 48
NONCE_BYTES = 8
LONGEST_ROUND_TRIP_MS = 2000  # the answer is wrong by at most half of it

_CLIENT = 0x23  # no warning, version 4, client (section 4)
_SERVER_MODE = 4
_UNSYNCHRONISED = 3  # leap indicator of a server whose own clock is not set
_STRATUM_LIMIT = 15
_UNIX_EPOCH_S = 2_208_988_800  # 1 January 1970 in era 0
_ERA_S = 1 << 32
_PIVOT_S = 1 << 31  # seconds below it belong to era 1, which begins on 7 February 2036 (section 3)


class BadAnswer(Exception):
    """The server's answer is not to be used; the message says why."""


def encode_request(nonce):
    """Return a request; the server sends the 8 bytes of `nonce` back, which proves that it answers this one."""
    return bytes((_CLIENT,)) + bytes(PACKET_BYTES - 1 - NONCE_BYTES) + nonce


def decode_answer(answer, nonce, round_trip_ms):
    """Return Unix time in ms at the instant the answer arrived, or raise BadAnswer."""
    if len(answer) != PACKET_BYTES or answer[0] & 0x07 != _SERVER_MODE:
        raise BadAnswer("not an answer of a time server")
    if bytes(answer[24:32]) != nonce:
        raise BadAnswer("answer to another request")
    if answer[0] >> 6 == _UNSYNCHRONISED or not 1 <= answer[1] <= _STRATUM_LIMIT:
        raise BadAnswer("the time server has no time")
    received_ms = _unix_ms(answer, 32)
    sent_ms = _unix_ms(answer, 40)
    travel_ms = round_trip_ms - (sent_ms - received_ms)
    if not 0 <= sent_ms - received_ms <= round_trip_ms or travel_ms > LONGEST_ROUND_TRIP_MS:
        raise BadAnswer("round trip of %d ms" % round_trip_ms)
    return sent_ms + travel_ms // 2


def _unix_ms(packet, at):
    seconds, fraction = struct.unpack_from(">II", packet, at)
    if seconds < _PIVOT_S:
        seconds += _ERA_S
    return (seconds - _UNIX_EPOCH_S) * 1000 + (fraction * 1000 >> 32)
