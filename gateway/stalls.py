"""Notices work that does not get on: what the service's watchdog is fed by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.progress import Progress
from gateway.worker import Worker

__all__ = ["STALL_LIMIT_S", "Stage", "Stalls", "follower_stage"]

STALL_LIMIT_S = 120.0  # longer than any timeout of a store


@dataclass(frozen=True)
class Stage:
    """A worker, how far it is (a number that changes as it gets on), and whether it has work that it could do now."""

    worker: Worker
    position: Callable[[], int]
    has_work: Callable[[], bool]


def follower_stage(worker: Worker, cursor: str, progress: Progress) -> Stage:
    """Return the stage of a worker that follows the journal to its head."""
    return Stage(worker, lambda: progress.cursor(cursor), lambda: progress.cursor(cursor) < progress.head)


class Stalls:
    """To be looked at every few seconds. A stage that rests for a reason it has told (a store away) is no stall."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._seen: dict[str, tuple[int, float]] = {}  # position, and since when

    def look(self, now_s: float) -> list[str]:
        """Return the names of the stages that have had work for STALL_LIMIT_S and are where they were."""
        return [stage.worker.name for stage in self._stages if self._is_stalled(stage, now_s)]

    def _is_stalled(self, stage: Stage, now_s: float) -> bool:
        position, since_s = self._seen.get(stage.worker.name, (-1, now_s))
        if stage.position() != position or stage.worker.is_resting or not stage.has_work():
            self._seen[stage.worker.name] = (stage.position(), now_s)
            return False
        return now_s - since_s > STALL_LIMIT_S
