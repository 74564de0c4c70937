"""What each reason for which the wire refuses a message means, for people."""

__all__ = ["MEANINGS", "SENML_MEANINGS"]

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

# Other makers may write CBOR and say things that we do not.
SENML_MEANINGS = MEANINGS | {
    "indefinite": "texts and byte strings must be definite; only arrays and maps may be indefinite",
    "out-of-range": "the number is outside what a double and its powers of ten hold exactly",
    "wrong-size": "a string, array or map longer than is taken, or empty where it may not be",
    "too-large": "packs of more than 65,536 bytes are not taken",
    "too-deep": "a field of no meaning here nests deeper than 4",
    "bad-text": "texts are UTF-8",
    "bad-time": "a time, base time added, must lie between 1970 and 2106",
    "bad-name": "a name, base name in front, is 1 to 128 of A-Z a-z 0-9 - : . / _ and begins with a letter or digit",
    "label-twice": "each label comes once in a record",
    "not-understood": "a label that ends in _ must be understood, and this one is not",
    "not-finite": "numbers, base value added, must be finite",
    "no-value": "a record has a value (v, vs, vb, vd) or a sum (s)",
    "two-values": "a record has one value: v, vs, vb or vd",
    "no-measurement": "a pack has at least one record with a value or a sum",
    "unknown-version": "the version of SenML is at most 10",
}
