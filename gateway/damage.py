"""Files whose bytes are not what was written: told with the file and what to do, never worked around.

The law this file keeps: a disk that is full, locked or read-only is no damage; who meets it says so and tries again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Damaged", "telling_of_damage"]

ADVICE = (
    "the disk has changed what was written: stop the gateway and put the file back from a backup, or move it away;"
    " what a store has is recognised again, and stations send again what has no receipt"
)


class Damaged(sqlite3.DatabaseError):
    """A database cannot be read any more, or not as it was written."""


@contextmanager
def telling_of_damage(path: Path) -> Iterator[None]:
    """Raise Damaged, with the path and what to do, in place of what SQLite says of a file that is torn."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # SQLite's word for a malformed file is this very class; its subclasses say other things.
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise Damaged(f"{path}: {error}; {ADVICE}") from error
