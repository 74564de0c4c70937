"""How far each stage has come along the journal, for those who wait for it."""

import threading
from collections.abc import Callable

__all__ = ["Progress"]


class Progress:
    """The head of the journal and the cursor of each stage, in memory; a stage moves its own after its commit.

    `owed` is how many messages the outbox holds. Listeners are called after each move, in the thread that moved.
    """

    def __init__(self, head: int, cursors: dict[str, int], owed: int) -> None:
        self.head = head
        self.owed = owed
        self._lock = threading.Lock()
        self._cursors = dict(cursors)
        self._listeners: list[Callable[[], None]] = []

    def listen(self, on_move: Callable[[], None]) -> None:
        self._listeners.append(on_move)

    def cursor(self, name: str) -> int:
        return self._cursors.get(name, 0)

    def move(self, name: str, seq: int) -> None:
        self._cursors[name] = max(seq, self.cursor(name))
        self._tell()

    def move_head(self, seq: int, newly_owed: int = 0) -> None:
        """Note what a transaction has added; `seq` is 0 where it added no frame."""
        with self._lock:
            self.owed += newly_owed
            self.head = max(seq, self.head)
        self._tell()

    def pay(self, number: int) -> None:
        """Note that the broker has taken messages of the outbox."""
        with self._lock:
            self.owed -= number

    def are_all_at_head(self, names: list[str]) -> bool:
        # Cursors first: a stage that adds to the journal moves the head before its own cursor.
        passed = [self.cursor(name) for name in names]
        return all(seq >= self.head for seq in passed)

    def _tell(self) -> None:
        for on_move in self._listeners:
            on_move()
