"""What a server of each kind says with a status. Nothing here looks at an answer to find out what the server is.

The law this file keeps: only what a server's kind calls TAKEN or UNPROVEN lets go of a line; what is in no table (429,
5xx, a 200 where 204 is due, and what no one expects) is tried again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.stores.store import Away, Parked

__all__ = ["INFLUXDB_MEANINGS", "VICTORIA_METRICS_MEANINGS", "Answer", "Meaning", "meaning_of", "stopped_by"]

REASON_LIMIT = 300  # letters of a server's answer that are kept


class Meaning(Enum):
    TAKEN = "on the server's disk"
    UNPROVEN = "taken, and perhaps dropped in silence: to be read back"
    NARROW_DOWN = "too much at once, or a line among them that cannot be taken"
    NEEDS_PERSON = "nothing will be taken until a person acts"
    AGAIN = "not now"


_REFUSALS = {
    400: Meaning.NARROW_DOWN,  # InfluxDB 2 refuses the whole request, 1.x and 3 have written the other lines
    401: Meaning.NEEDS_PERSON,
    403: Meaning.NEEDS_PERSON,
    404: Meaning.NEEDS_PERSON,
    413: Meaning.NARROW_DOWN,
    422: Meaning.NARROW_DOWN,  # InfluxDB 2 and 3: a conflict of types, or older than the retention; the rest is written
}
INFLUXDB_MEANINGS: Mapping[int, Meaning] = {**_REFUSALS, 204: Meaning.TAKEN}
# VictoriaMetrics answers 204 to what is too old, too far ahead or malformed, and drops it.
VICTORIA_METRICS_MEANINGS: Mapping[int, Meaning] = {**_REFUSALS, 204: Meaning.UNPROVEN}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; `status` is None when it could not be reached, and `body` then says why."""

    status: int | None
    body: bytes = b""
    retry_after_s: float | None = None

    @property
    def text(self) -> str:
        """The beginning of the body on one line."""
        return " ".join(self.body[: 4 * REASON_LIMIT].decode(errors="replace").split())[:REASON_LIMIT]


def meaning_of(answer: Answer, meanings: Mapping[int, Meaning]) -> Meaning:
    return meanings.get(answer.status or 0, Meaning.AGAIN)


def stopped_by(answer: Answer, meaning: Meaning, url: str) -> Away | Parked | None:
    """Return why nothing more can be written now; None where the server took it, or refused what it was sent."""
    if answer.status is None:
        return Away(f"{url} cannot be reached: {answer.text}")
    said = f"{url} answers {answer.status}: {answer.text}"
    if meaning is Meaning.NEEDS_PERSON:
        return Parked(f"{said}; check token or password, and that bucket or database exists")
    return Away(said, answer.retry_after_s) if meaning is Meaning.AGAIN else None
