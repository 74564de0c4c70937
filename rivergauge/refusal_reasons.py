"""What each reason for which the wire refuses a message means, for people."""

__all__ = ["MEANINGS"]

MEANINGS = {
    "truncated": "the message ends before the item that begins or continues here",
    "wrong-type": "an item of another type is expected here",
    "reserved-head": "this first byte has no meaning in CBOR",
    "indefinite": "lengths must be definite",
    "not-shortest": "the number fits a shorter form, which must be used",
    "out-of-range": "the number is outside the bounds of telemetry.cddl",
    "wrong-size": "a string, array or map of another size is expected here",
    "too-large": "no message is as long as this",
    "trailing-bytes": "the message ended before this byte",
    "bad-text": "texts are printable ASCII and line feeds; ids are a-z, 0-9 and -",
    "not-ascending": "keys and indices must rise; ranges and runs must neither overlap nor come twice",
    "wrong-tag-number": "a message begins with tag 17, COSE_Mac0",
    "wrong-header": "the protected header is {1: algorithm, 4: key id}",
    "unknown-algorithm": "the algorithm is 4 (HMAC 256/64) or 5 (HMAC 256/256)",
    "wrong-kind": "the kind is that of another message",
    "unknown-version": "this is not version 1",
    "bad-time": "times must rise and end before 2106",
    "nulls-disagree": "the number of missing values does not fit the first value and the packed ones",
    "quality-of-null": "a missing value has a reason and no quality",
    "reset-of-no-total": "only a running total has resets",
    "bad-packing": "a packed series begins with 32 * order + k, order 0 or 1",
    "packing-truncated": "the packed series ends before its last number",
    "packing-trailing": "the packed series has more bits than numbers",
    "packing-not-shortest": "the packed series has a shorter form, which must be used",
}
