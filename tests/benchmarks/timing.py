"""How much processor time a call takes: what others do on the machine meanwhile is not in it."""

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from time import process_time_ns
from typing import TypeVar

__all__ = ["time_calls"]

RUNS = 11
RUN_NS = 10_000_000  # long against the clock's grain and against one interrupt

Action = Callable[[bytes], object]
Name = TypeVar("Name")


def time_calls(actions: Mapping[Name, tuple[Action, Sequence[bytes]]]) -> dict[Name, float]:
    """Return by name the ns of one call of an action: the median of several runs over its messages.

    The actions take turns, so that a slow moment of the machine falls on all of them; no garbage is collected in a run.
    """
    rounds = {name: _rounds(action, messages) for name, (action, messages) in actions.items()}
    runs: dict[Name, list[float]] = {name: [] for name in actions}
    for _ in range(RUNS):
        for name, (action, messages) in actions.items():
            took_ns = _run(action, messages, rounds[name])
            runs[name].append(took_ns / (rounds[name] * len(messages)))
    return {name: statistics.median(each) for name, each in runs.items()}


def _rounds(action: Action, messages: Sequence[bytes]) -> int:
    """Return how often to go over the messages for one run; this also warms up."""
    _run(action, messages, 1)
    return max(1, round(RUN_NS / max(1, _run(action, messages, 1))))


def _run(action: Action, messages: Sequence[bytes], rounds: int) -> int:
    gc.collect()
    gc.disable()
    try:
        start_ns = process_time_ns()
        for _ in range(rounds):
            for message in messages:
                action(message)
        return process_time_ns() - start_ns
    finally:
        gc.enable()
