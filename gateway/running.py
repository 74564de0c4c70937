"""One gateway process for each journal: a lock beside it, which the kernel gives back when the process ends."""

import fcntl
import os
from pathlib import Path

__all__ = ["RunningLock", "is_running"]


class RunningLock:
    """Says that a gateway runs on this journal. Two on one would each believe to know what was stored."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raise OSError where another process has it."""
        path = _path(self._journal)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise OSError(
                f"{self._journal}: another gateway runs on it; end that one first, or give each a journal of its own"
            ) from None
        self._descriptor = descriptor

    def give_back(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_running(journal: Path) -> bool:
    """Tell whether a gateway runs on the journal now; changes nothing."""
    try:
        descriptor = os.open(_path(journal), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _path(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.lock")
