"""What a store is handed and what it answers; the service feeds each store from the journal at the store's own pace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from gateway.batch_lines import BatchLines
from gateway.observations import Flag, Gap, Observation, Revision
from protocol.batch import Batch

__all__ = [
    "AUTHENTICATED",
    "UNAUTHENTICATED",
    "Away",
    "Block",
    "BlockStore",
    "Delivery",
    "Outcome",
    "Parked",
    "Reader",
    "RefusedRecord",
    "Sent",
    "Store",
    "Unreadable",
    "VolatileStore",
    "Written",
]

# Provenance of a record.
AUTHENTICATED = "authenticated"
UNAUTHENTICATED = "unauthenticated"  # of another maker's logger: nothing proves that it sent it


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry of the journal, decoded: the fresh records of a batch with what was derived from them, or a flag."""

    seq: int
    basin: str
    station: str
    received_at_ms: int
    batch: Batch | None = None
    fresh: tuple[int, ...] = ()  # indexes into the batch
    revisions: tuple[Revision, ...] = ()
    flag: Flag | None = None
    provenance: str = AUTHENTICATED


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that the store can never take."""

    seq: int
    record_no: int
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """Everything handed over is on the store's disk, but for the records refused."""

    refused: tuple[RefusedRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Away:
    """The store cannot take anything now; try the same again, not before `retry_after_s` where the store named it."""

    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """The store will refuse everything until a person acts (password, database name)."""

    reason: str


Outcome = Written | Away | Parked


class Unreadable(Exception):
    """A store cannot be asked now for what it has."""


class Sent(NamedTuple):
    """Records that were sent to a store, by which it is asked whether it has them."""

    basin: str
    station: str
    numbers: Sequence[int]
    times_ms: Sequence[int]  # one for each number, rising


class Block(NamedTuple):
    """A whole batch as text that a store takes as it is, and the records in it."""

    text: bytes
    sent: Sent


@runtime_checkable
class BlockStore(Protocol):
    """A store that also takes whole batches, without an object for each value."""

    def block_of(self, batch: BatchLines, basin: str, station: str, revisions: Sequence[Revision]) -> bytes:
        """Return the message that `batch` has read, and what was derived from it, as this store takes it."""

    def write_blocks(self, blocks: Sequence[Block]) -> Outcome | None:
        """Write all; None when the server does not take any of it: then `write` finds out which."""


@runtime_checkable
class VolatileStore(Protocol):
    """A store that for some seconds gives back what it would lose with its process."""

    name: str

    @property
    def kept_after_s(self) -> float:
        """After so long it is on the server's disk."""

    def started(self) -> str | None:
        """Return a word that is another one after each start of the server; None when it cannot be asked."""

    def write(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Write all of them."""


class Store(Protocol):
    """Takes deliveries. Writing the same delivery again changes nothing."""

    name: str

    def open(self) -> None:
        """Prepare for writing; does not need a server to be there."""

    def write(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Write all of them."""

    def read_records(
        self, basin: str, station: str, log_id: int, first_no: int, last_no: int
    ) -> Sequence[tuple[int, int]]:
        """Return (record number, time in ms) of the records of a log that are stored, both ends included.

        For any thread. Raises Unreadable when the store cannot be asked now.
        """

    def close(self) -> None: ...


class Reader(Protocol):
    """Gives back what was stored, in the order of time; a range is from_ms <= time < to_ms."""

    def read_observations(self, station: str, from_ms: int, to_ms: int) -> list[Observation]: ...

    def read_revisions(self, station: str, from_ms: int, to_ms: int) -> list[Revision]: ...

    def read_flags(self, station: str | None, from_ms: int, to_ms: int) -> list[Flag]:
        """Return the flags of one station, or of all, that were raised at any moment of the range."""

    def read_gaps(self, station: str) -> list[Gap]: ...

    def count_records(self, station: str, from_ms: int, to_ms: int) -> int:
        """Return how many records of the station there are, each a name (log_id, record_no) of its own."""
