"""The keys of a station as they lie on the server: `<folder>/<basin>/<station>.key`, lines `key_id hex`."""

import os
import secrets
from pathlib import Path

from firmware.flash.plan import KEY_BYTES

__all__ = ["KeyRefused", "make_key", "read_key"]


class KeyRefused(Exception):
    """A key file does not hold the key that is wanted; the message names file and line, and never the key."""


def read_key(folder: Path, basin: str, station: str, key_id: str) -> bytes | None:
    """Return the station's key with this id, None when there is none yet."""
    path = _path(folder, basin, station)
    if not path.exists():
        return None
    for number, line in enumerate(path.read_text("ascii").splitlines(), 1):
        words = line.split()
        if not words or words[0] != key_id:
            continue
        try:
            key = bytes.fromhex(words[1])
        except (IndexError, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise KeyRefused(f"{path}, line {number}: expected `{key_id}` and {KEY_BYTES} bytes in hex")
        return key
    return None


def make_key(folder: Path, basin: str, station: str, key_id: str) -> bytes:
    """Draw a key, add it to the station's file, readable by its owner alone, and return it."""
    key = secrets.token_bytes(KEY_BYTES)
    path = _path(folder, basin, station)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{key_id} {key.hex()}\n")
    return key


def _path(folder: Path, basin: str, station: str) -> Path:
    return folder / basin / f"{station}.key"
