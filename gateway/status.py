"""What a gateway says of itself from its journal, running or not."""

from gateway.entries import SETTLED
from gateway.journal import Journal

__all__ = ["read_status"]


def read_status(journal: Journal) -> dict[str, int]:
    """Return every count, the number of dead letters kept, and how many frames each stage is behind."""
    head = journal.head()
    status = journal.counts()
    status["dead_letters_kept"] = len(journal.dead_letters())
    for name, seq in sorted(journal.cursors().items()):
        if name != SETTLED:
            status[f"behind_{name}"] = head - seq
    return status
