# Shared dialect: runs on MicroPython and CPython.
"""A text too long for one command, in parts: each command carries one, with the hash of the whole."""

import binascii
import hashlib

from .cbor import EncodeError

PART_LIMIT = 1024  # letters: a station keeps 2048 bytes of a packet, and the command around a part needs some
PARTS_LIMIT = 16


def split_text(text: str) -> list[dict[str, int | str]]:
    """Return the arguments of the commands that carry the text, or raise EncodeError where it is too long.

    The commands may come in any order, and each more than once.
    """
    if not 0 < len(text) <= PART_LIMIT * PARTS_LIMIT:
        raise EncodeError("a text of %d letters: expected 1 to %d" % (len(text), PART_LIMIT * PARTS_LIMIT))
    sha256 = hash_of(text.encode())
    parts = [text[start : start + PART_LIMIT] for start in range(0, len(text), PART_LIMIT)]
    return [
        {"part": index + 1, "parts": len(parts), "sha256": sha256, "text": part} for index, part in enumerate(parts)
    ]


def hash_of(data: bytes) -> str:
    return binascii.hexlify(hashlib.sha256(data).digest()).decode()
