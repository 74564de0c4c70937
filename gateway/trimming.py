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
# Dead letters of those who have no key, and of stations beyond their limits: for people to look at, and nothing that a
# flow of records may wait for.
STRANGERS_LIMIT = 10_000
QUARANTINED_LIMIT = 1_000
LETTERS_SHARE = 0.1  # of the journal's limit, that each of the two kinds may take


class Trimming(Worker):
    """Never removes what a store has not taken, a receipt not told or a threshold not seen."""

    def __init__(
        self,
        stages: Sequence[str],
        journal: Journal,
        progress: Progress,
        limit_bytes: int,
        is_tight: Callable[[], bool] = lambda: False,
        kept: int = KEPT_FRAMES,
        strangers_limit: int = STRANGERS_LIMIT,
    ) -> None:
        super().__init__("trimming")
        self._stages = stages
        self._journal = journal
        self._progress = progress
        self._letters_bytes = round(LETTERS_SHARE * limit_bytes)
        self._is_tight = is_tight
        self._kept = kept
        self._strangers_limit = strangers_limit

    def step(self) -> float | None:
        limit = min(self._progress.cursor(stage) for stage in self._stages)
        if not self._is_tight():
            limit -= self._kept
        with self._journal.transaction() as transaction:
            removed = transaction.trim(limit, GROUP_LIMIT)
            transaction.drop_excess_of_strangers(self._strangers_limit, self._letters_bytes)
            transaction.drop_excess_of_quarantined(QUARANTINED_LIMIT, self._letters_bytes)
        return 0 if removed == GROUP_LIMIT else EVERY_S
