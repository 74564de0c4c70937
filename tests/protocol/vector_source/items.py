"""A message put together item by item, so that one of them can be wrong; cbor2 encodes the others."""

import cbor2


def head(major: int, argument: int) -> bytes:
    """Return the shortest CBOR head."""
    if argument < 24:
        return bytes([major << 5 | argument])
    size = next(size for size in (1, 2, 4, 8) if argument < 256**size)
    return bytes([major << 5 | 23 + size.bit_length()]) + argument.to_bytes(size, "big")


def array(items: list[bytes]) -> bytes:
    return head(4, len(items)) + b"".join(items)


def dump(*values: object) -> list[bytes]:
    return [cbor2.dumps(value) for value in values]


def replaced(items: list[bytes], at: int, item: bytes) -> list[bytes]:
    return [*items[:at], item, *items[at + 1 :]]
