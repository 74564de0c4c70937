"""The word that a gateway keeps on its state topic: whether it takes records, and how fast a backlog may come."""

import json
from collections.abc import Mapping

from gateway.entries import SETTLED
from gateway.journal import Journal
from gateway.mqtt import Publication
from gateway.pace import backfill_batches
from gateway.post import Post
from gateway.progress import Progress
from gateway.room import Room
from protocol.topics import gateway_state_topic

__all__ = ["Announcer", "state_gone"]


class Announcer:
    """Has the state of the moment published; `stations` share what a backlog may take."""

    def __init__(
        self,
        gateway: str,
        stations: int,
        journal: Journal,
        limit_bytes: int,
        room: Room,
        progress: Progress,
        post: Post,
    ) -> None:
        self.stations = stations
        self._gateway = gateway
        self._journal = journal
        self._limit_bytes = limit_bytes
        self._room = room
        self._progress = progress
        self._post = post

    def announce(self) -> None:
        """Say it again, whatever was said before."""
        self._post.announce(_publication(self._gateway, self._state()))

    def _state(self) -> dict[str, str | int]:
        if self._room.is_holding:
            return {"state": "hold"}
        behind = self._progress.head - self._progress.cursor(SETTLED)
        batches = backfill_batches(self._journal.used_bytes(), self._limit_bytes, behind, self.stations)
        return {"state": "accepting"} if batches is None else {"state": "accepting", "backfill_batches": batches}


def state_gone(gateway: str) -> Publication:
    """Return the gateway's will."""
    return _publication(gateway, {"state": "gone"})


def _publication(gateway: str, state: Mapping[str, str | int]) -> Publication:
    return Publication(gateway_state_topic(gateway), json.dumps(state).encode(), True)
