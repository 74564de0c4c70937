"""Sends what the gateway owes: receipts to stations, flags and refusals from the outbox, and its own state."""

from collections.abc import Callable, Sequence

from gateway.entries import DATA, SETTLED, Frame
from gateway.ingest import Hmac
from gateway.journal import Journal
from gateway.keys import KeyFileError, Keys
from gateway.mqtt import Link, Publication
from gateway.progress import Progress
from gateway.ranges import joined
from gateway.worker import Worker
from protocol import topics
from protocol.cose import seal
from protocol.messages import Receipt, encode_receipt
from protocol.receipts import RANGES_LIMIT
from protocol.topics import parse_topic

__all__ = ["RECEIPTS", "Post"]

RECEIPTS = "receipts"
RECEIPT_LEAF = "receipt"
OUTGOING_LIMIT = 1000  # messages of the outbox under way at once
# Frames whose receipts are: under load the receipts for many frames of a station become one message.
FRAMES_LIMIT = 10_000


class Post(Worker):
    """Follows the journal as far as receipts may go. What the broker has not taken is sent again after a restart.

    Receipts that are another gateway's to give are passed over: if that one did not give them, the station sends again.
    """

    def __init__(
        self,
        link: Link,
        basin: str,
        keys: Keys,
        hmac_sha256: Hmac,
        journal: Journal,
        progress: Progress,
        is_after_store: bool,
        answers_for: Callable[[str], bool],
    ) -> None:
        super().__init__("post")
        self._link = link
        self._basin = basin
        self._keys = keys
        self._hmac_sha256 = hmac_sha256
        self._journal = journal
        self._progress = progress
        self._is_after_store = is_after_store
        self._answers_for = answers_for
        self._state: Publication | None = None

    def announce(self, state: Publication) -> None:
        """Have the gateway's state published; a newer one takes the place of one not sent yet."""
        self._state = state
        self.wake()

    @property
    def has_work(self) -> bool:
        """True while the broker is there and a receipt or a message of the outbox is to go."""
        is_due = self._progress.cursor(RECEIPTS) < self._limit() or self._progress.owed > 0
        return is_due and self._link.is_connected

    @property
    def position(self) -> int:
        """A number that changes with whatever is sent."""
        return self._progress.cursor(RECEIPTS) - self._progress.owed

    def step(self) -> float | None:
        if not self._link.is_connected:
            return None
        state, self._state = self._state, None
        outgoing = self._journal.outbox(OUTGOING_LIMIT)
        frames = self._due()
        if not (state or outgoing or frames):
            return None
        publications = [
            Publication(each.topic, each.payload, each.retain) for each in outgoing if self._is_ours(each.topic)
        ]
        publications += [state] if state else []
        if not self._link.publish([*self._receipts(frames), *publications]):
            return None
        with self._journal.transaction(can_be_repeated=True) as transaction:
            transaction.drop_outgoing([each.id for each in outgoing])
            if frames:
                transaction.save_cursor(RECEIPTS, frames[-1].seq)
        self._progress.pay(len(outgoing))
        if frames:
            self._progress.move(RECEIPTS, frames[-1].seq)
        return 0

    def _is_ours(self, topic: str) -> bool:
        """Tell whether a message of the outbox is to go: a refusal is the owner's, whose gateway may be a newer one."""
        _, station, leaf = parse_topic(topic)
        return leaf != RECEIPT_LEAF or self._answers_for(station)

    def _due(self) -> list[Frame]:
        limit = self._limit()
        frames = self._journal.frames(self._progress.cursor(RECEIPTS), FRAMES_LIMIT)
        return [frame for frame in frames if frame.seq <= limit]

    def _limit(self) -> int:
        """Return the last frame that may be receipted."""
        return self._progress.cursor(SETTLED) if self._is_after_store else self._progress.head

    def _receipts(self, frames: Sequence[Frame]) -> list[Publication]:
        """Return the receipts for these frames, those for one station's log and key in one message."""
        numbers: dict[tuple[str, int, bytes], list[tuple[int, int]]] = {}
        for frame in frames:
            if frame.kind == DATA and self._answers_for(frame.station):
                owed = numbers.setdefault((frame.station, frame.log_id, frame.key_id), [])
                owed.append((frame.first_no, frame.last_no))
        receipts: list[Publication] = []
        for (station, log_id, key_id), owed in numbers.items():
            ranges = joined(owed)
            for start in range(0, len(ranges), RANGES_LIMIT):
                receipt = Receipt(log_id, ranges[start : start + RANGES_LIMIT])
                receipts += self._sealed(station, key_id, encode_receipt(receipt))
        return receipts

    def _sealed(self, station: str, key_id: bytes, payload: bytes) -> list[Publication]:
        """Return the message with the key that the station used, or nothing when that key is no longer valid."""
        try:
            key = self._keys.of(self._basin, station).get(key_id)
        except KeyFileError:
            key = None
        if key is None:
            # The station sends again, with a key that is valid, and is receipted then.
            return []
        topic = topics.topic(self._basin, station, "receipt")
        return [Publication(topic, seal(payload, key, key_id, topic, self._hmac_sha256))]
