"""Sends the commands that people have given: sealed for their station, each once, in the order of their numbers."""

import logging
from collections.abc import Callable, Mapping
from time import monotonic

from gateway.commanding.entries import GivenCommand
from gateway.complaints import Complaint
from gateway.entries import Outgoing
from gateway.ingest import Hmac
from gateway.journal import Journal
from gateway.keys import KeyFileError, Keys
from gateway.progress import Progress
from gateway.worker import Worker
from protocol import topics
from protocol.cose import seal
from protocol.messages import Command, encode_command

__all__ = ["Commanding"]

log = logging.getLogger(__name__)

POLL_S = 2.0  # how soon a command is sent that another process gave


class Commanding(Worker):
    """Moves commands of the journal to its outbox. `key_ids` name the key that each station's board uses."""

    def __init__(
        self,
        gateway: str,
        basin: str,
        key_ids: Mapping[str, str],
        keys: Keys,
        hmac_sha256: Hmac,
        journal: Journal,
        progress: Progress,
        now_ms: Callable[[], int],
    ) -> None:
        super().__init__("commanding")
        self._gateway = gateway
        self._basin = basin
        self._key_ids = key_ids
        self._keys = keys
        self._hmac_sha256 = hmac_sha256
        self._journal = journal
        self._progress = progress
        self._now_ms = now_ms
        self._complaints: dict[str, Complaint] = {}

    def address(self, key_ids: Mapping[str, str]) -> None:
        """Go on with other stations or keys; to be called between steps."""
        self._key_ids = key_ids

    def step(self) -> float | None:
        now_ms = self._now_ms()
        unsent = self._journal.commands.unsent(now_ms)
        # A station without a key keeps its own commands waiting, and no other's.
        sealed = [(each, self._sealed(each)) for each in unsent]
        ready = [(command, outgoing) for command, outgoing in sealed if outgoing is not None]
        if ready:
            with self._journal.transaction() as transaction:
                for command, outgoing in ready:
                    transaction.add_outgoing(outgoing)
                    transaction.commands.mark_sent(command.command_no, now_ms)
            self._progress.move_head(0, len(ready))
        return POLL_S

    def _sealed(self, given: GivenCommand) -> Outgoing | None:
        """Return the message, or None, with a word to people, while the station's key is not there."""
        complaint = self._complaints.setdefault(
            given.station, Complaint(log, f"commands to {given.station}", monotonic)
        )
        key_id = self._key_ids.get(given.station, "").encode()
        try:
            key = self._keys.of(self._basin, given.station).get(key_id)
        except KeyFileError as error:
            complaint.raise_(str(error))
            return None
        if key is None:
            complaint.raise_(f"no key {key_id.decode() or 'of it'}, which the basin file names; they wait for it")
            return None
        complaint.clear()
        command = Command(self._gateway, given.command_no, given.expires_at_ms, given.name, dict(given.arguments))
        topic = topics.topic(self._basin, given.station, "command")
        message = seal(encode_command(command), key, key_id, topic, self._hmac_sha256)
        return Outgoing(topic, message, False)
