"""Does the halves of a piece of work at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

__all__ = ["halves", "side_by_side"]

Part = TypeVar("Part")
Result = TypeVar("Result")


def halves(items: Sequence[Part]) -> list[Sequence[Part]]:
    """Return the first half and the second, which is the longer one where they differ."""
    half = len(items) // 2
    return [items[:half], items[half:]]


def side_by_side(work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """Return what `work` makes of each part, the first of them done in this thread; raise what `work` raised."""
    first, *others = parts
    under_way = [_begin(work, part) for part in others]
    return [work(first), *(each.result() for each in under_way)]


def _begin(work: Callable[[Part], Result], part: Part) -> Future[Result]:
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work(part))
        except BaseException as error:
            future.set_exception(error)

    # No ThreadPoolExecutor: for its threads Python waits when it ends, however long a server leaves them waiting.
    Thread(target=run, daemon=True).start()
    return future
