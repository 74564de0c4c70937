"""The keys of the stations: `<folder>/<basin>/<station>.key`, a line `key_id hex` for each key that is valid."""

import os
from pathlib import Path

from protocol.cose import KEY_ID_LIMIT

__all__ = ["KeyFileError", "Keys"]

KEY_BYTES = 32
# One in use and one being introduced.
KEYS_PER_STATION = 2


class KeyFileError(Exception):
    """A key file that cannot be used; the message names the file, the line, what was expected, and never the key."""


class Keys:
    """Reads key files when they are asked for, and again when they change: a new station needs no restart.

    Whether one has changed is looked at once between two calls of `look_again`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], tuple[tuple[int, int], dict[bytes, bytes]]] = {}
        self._looked_at: dict[tuple[str, str], dict[bytes, bytes]] = {}

    def look_again(self) -> None:
        """Have every file looked at when it is asked for the next time."""
        self._looked_at.clear()

    def of(self, basin: str, station: str) -> dict[bytes, bytes]:
        """Return key by key id, empty when the station has no file; raise KeyFileError. Both names are checked ids."""
        looked_at = self._looked_at.get((basin, station))
        if looked_at is not None:
            return looked_at
        path = f"{self._folder}/{basin}/{station}.key"
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}; expected a file this user can read") from error
        version = (status.st_mtime_ns, status.st_size)
        known = self._known.get((basin, station))
        if known is None or known[0] != version:
            known = self._known[(basin, station)] = (version, _read(path))
        self._looked_at[(basin, station)] = known[1]
        return known[1]


def _read(path: str) -> dict[bytes, bytes]:
    keys: dict[bytes, bytes] = {}
    try:
        lines = Path(path).read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: {error}; expected a readable text file with lines `key_id hex`") from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        where = f"{path}:{number}"
        try:
            key_id, key = words[0].encode(), bytes.fromhex(words[1])
        except (IndexError, ValueError):
            raise KeyFileError(f"{where}: expected `key_id hex`, as in `station-1 00ff...`") from None
        if len(words) != 2 or len(key) != KEY_BYTES:
            raise KeyFileError(f"{where}: expected a key id and {KEY_BYTES} bytes in hex, found {len(key)} bytes")
        if len(key_id) > KEY_ID_LIMIT or key_id in keys:
            raise KeyFileError(
                f"{where}: expected a key id of at most {KEY_ID_LIMIT} letters, not used on a line before"
            )
        keys[key_id] = key
    if len(keys) > KEYS_PER_STATION:
        raise KeyFileError(
            f"{path}: {len(keys)} keys, expected at most {KEYS_PER_STATION}; remove those no longer used"
        )
    return keys
