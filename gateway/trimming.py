"""Keeps the journal small: removes what every stage has passed, and what strangers have sent too much of."""

from collections.abc import Callable, Sequence

from gateway.journal import Journal
from gateway.progress import Progress
from gateway.worker import Worker

__all__ = ["Trimming"]

# Kept behind the last stage, to be looked at after a fault: about 30 MB of batches of 96 records.
KEPT_FRAMES = 100_000
GROUP_LIMIT = 10_000  # frames removed in one transaction, so that none holds the journal for long
EVERY_S = 60.0
# So that who has no key cannot fill the disk; at most 64 KiB each, by the broker's max_packet_size.
STRANGERS_LIMIT = 10_000
# Of stations beyond their limit: LETTERS_PER_MINUTE are kept of each, for people to look at.
QUARANTINED_LIMIT = 1_000


class Trimming(Worker):
    """Never removes what a store has not taken, a receipt not told or a threshold not seen."""

    def __init__(
        self,
        stages: Sequence[str],
        journal: Journal,
        progress: Progress,
        is_tight: Callable[[], bool] = lambda: False,
        kept: int = KEPT_FRAMES,
        strangers_limit: int = STRANGERS_LIMIT,
    ) -> None:
        super().__init__("trimming")
        self._stages = stages
        self._journal = journal
        self._progress = progress
        self._is_tight = is_tight
        self._kept = kept
        self._strangers_limit = strangers_limit

    def step(self) -> float | None:
        limit = min(self._progress.cursor(stage) for stage in self._stages)
        if not self._is_tight():
            limit -= self._kept
        with self._journal.transaction() as transaction:
            removed = transaction.trim(limit, GROUP_LIMIT)
            transaction.drop_excess_of_strangers(self._strangers_limit)
            transaction.drop_excess_of_quarantined(QUARANTINED_LIMIT)
        return 0 if removed == GROUP_LIMIT else EVERY_S
