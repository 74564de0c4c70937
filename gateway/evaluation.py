"""One threshold over all observations of its variable, whatever order they come in.

The law this file keeps: the flags are those that the observations would have raised in the order of their time, back to
the checkpoint; a flag once told keeps its name, is told again only when it has changed, and is never just forgotten. No
I/O, no clock.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from gateway.flags import Watch
from gateway.observations import REMOVED, WITHDRAWN, Flag
from gateway.series import Seen
from rivergauge.basin import Threshold

__all__ = ["Evaluation", "end_removed"]


class Evaluation:
    """The watch of one threshold, the checkpoint that it can be evaluated again from, and the flags told since."""

    def __init__(self, basin: str, station: str, threshold: Threshold) -> None:
        self._basin = basin
        self._station = station
        self._threshold = threshold
        self._rule = repr(threshold)
        self._checkpoint = Watch()
        self._watch = Watch()
        self._told: dict[int, Flag] = {}  # by first_detected_at_ms, which is their name
        self._names: dict[int, int] = {}  # what the watch calls first detected: under which name it was told

    def load(self, text: str) -> None:
        """Take up what `to_json` kept; where the threshold reads otherwise now, what was evaluated stays as it was."""
        values = json.loads(text)
        self._watch = Watch.from_values(values["watch"])
        self._told = {flag["first_detected_at_ms"]: Flag(**flag) for flag in values["told"]}
        self._names = {int(first): name for first, name in values["names"].items()}
        is_same = values["rule"] == self._rule
        self._checkpoint = Watch.from_values(values["checkpoint"]) if is_same else self._watch.copy()

    def to_json(self) -> str:
        return json.dumps(
            {
                "rule": self._rule,
                "checkpoint": asdict(self._checkpoint),
                "watch": asdict(self._watch),
                "told": [asdict(flag) for flag in self._told.values()],
                "names": self._names,
            }
        )

    @property
    def last_at_ms(self) -> int | None:
        return self._watch.last_at_ms

    @property
    def since_ms(self) -> int | None:
        """The time of the checkpoint: what was observed after it is evaluated again when something comes late."""
        return self._checkpoint.last_at_ms

    def begin_after(self, at_ms: int) -> None:
        """Take nothing at or before this time into account: for a threshold that is new."""
        self._watch.last_at_ms = at_ms
        self._checkpoint = self._watch.copy()

    def is_late(self, observation: Seen) -> bool:
        """Tell whether the observation belongs before what was evaluated, but after the checkpoint."""
        last_ms, since_ms = self._watch.last_at_ms, self._checkpoint.last_at_ms
        return (
            last_ms is not None and observation.at_ms <= last_ms and (since_ms is None or observation.at_ms > since_ms)
        )

    def follow(self, observations: Iterable[Seen]) -> list[Flag]:
        """Take observations in the order of their time, none of them late; return what has changed of the flags."""
        changes: dict[tuple[int, str], Flag] = {}
        for flag in self._advance(self._watch, observations):
            name = self._names.setdefault(flag.first_detected_at_ms, flag.first_detected_at_ms)
            told = _under_name_of(self._told.get(name), flag)
            self._told[told.first_detected_at_ms] = told
            # Each rise of the peak within one message is left out but the last.
            changes[(told.first_detected_at_ms, told.state)] = told
        return list(changes.values())

    def evaluate_again(self, observations: Iterable[Seen]) -> list[Flag]:
        """Take all observations since the checkpoint in the order of their time; return what has changed."""
        self._watch = self._checkpoint.copy()
        episodes: dict[int, list[Flag]] = {}
        for flag in self._advance(self._watch, observations):
            versions = episodes.setdefault(flag.first_detected_at_ms, [])
            if versions and versions[-1].state == flag.state:
                versions.pop()
            versions.append(flag)
        current = self._watch.current(self._basin, self._station, self._threshold)
        if current is not None:
            episodes.setdefault(current.first_detected_at_ms, [current])
        return self._reconcile(episodes)

    def move_checkpoint(self, observations: Iterable[Seen]) -> None:
        """Take what is not kept any longer into the checkpoint, and forget the flags that had ended by then."""
        for _ in self._advance(self._checkpoint, observations):
            pass
        since_ms = self._checkpoint.last_at_ms
        if since_ms is not None:
            self._told = {
                name: flag for name, flag in self._told.items()
                if flag.cleared_at_ms is None or flag.cleared_at_ms > since_ms
            }  # fmt: skip
            self._names = {first: name for first, name in self._names.items() if name in self._told}

    def _advance(self, watch: Watch, observations: Iterable[Seen]) -> Iterable[Flag]:
        for each in observations:
            flag = watch.advance(self._basin, self._station, self._threshold, *each)
            if flag is not None:
                yield flag

    def _reconcile(self, episodes: dict[int, list[Flag]]) -> list[Flag]:
        """Give the episodes the names of flags told of the same time, withdraw what is none of them; return changes."""
        changes: list[Flag] = []
        free = dict(sorted(self._told.items()))
        self._names = {}
        for first_ms, versions in sorted(episodes.items()):
            name = next((name for name, told in free.items() if name == first_ms or _overlap(told, versions[-1])), None)
            told = free.pop(name) if name is not None else None
            versions = [_under_name_of(told, flag) for flag in versions]
            last = versions[-1]
            self._names[first_ms] = last.first_detected_at_ms
            self._told[last.first_detected_at_ms] = last
            if told is None:
                changes += versions
            elif told != last:
                changes.append(last)
        return [*self._withdraw(free.values()), *changes]

    def _withdraw(self, flags: Iterable[Flag]) -> list[Flag]:
        withdrawn = [_end(flag, WITHDRAWN) for flag in flags if flag.cleared_by != WITHDRAWN]
        self._told.update((flag.first_detected_at_ms, flag) for flag in withdrawn)
        return withdrawn


def end_removed(text: str) -> list[Flag]:
    """Return the clearing of every raised flag of a threshold that is no longer there, from what `to_json` kept."""
    values = json.loads(text)
    told: Sequence[Flag] = [Flag(**flag) for flag in values["told"]]
    return [_end(flag, REMOVED, values["watch"]["last_at_ms"]) for flag in told if flag.cleared_at_ms is None]


def _end(flag: Flag, by: str, at_ms: int | None = None) -> Flag:
    """Return the flag as cleared; at the time it was raised where no other is given."""
    cleared_at_ms = flag.raised_at_ms if at_ms is None else at_ms
    return replace(flag, state="cleared", cleared_at_ms=cleared_at_ms, cleared_by=by)


def _under_name_of(told: Flag | None, flag: Flag) -> Flag:
    """Return the flag with the times that people were told of its beginning, if they were told of it."""
    if told is None:
        return flag
    return replace(flag, first_detected_at_ms=told.first_detected_at_ms, raised_at_ms=told.raised_at_ms)


def _overlap(told: Flag, other: Flag) -> bool:
    def begins_before_end_of(one: Flag, another: Flag) -> bool:
        return another.cleared_at_ms is None or one.first_detected_at_ms < another.cleared_at_ms

    return begins_before_end_of(told, other) and begins_before_end_of(other, told)
