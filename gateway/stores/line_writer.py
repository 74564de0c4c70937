"""Writes line protocol to a server, and narrows what it refuses down to single lines.

The law this file keeps: one bad line holds nothing back, and nothing is let go of that the server may not have.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import monotonic

from gateway.stores.answers import Answer, Meaning, meaning_of, stopped_by
from gateway.stores.line_protocol import Line
from gateway.stores.store import Away, Parked, RefusedRecord

__all__ = ["LineWriter", "Reasons", "refused_records"]

log = logging.getLogger(__name__)

LINES_LIMIT = 5000  # in one request
REQUEST_BYTES = 1_000_000  # in one request of lines that are not looked at one by one
WRITE_LIMIT_S = 60.0  # for all that is handed over at once: half of what the watchdog allows a stage

Reasons = dict[tuple[int, int], str]  # why a record is refused, by (seq, record number)


class LineWriter:
    """Writes with `post`, which takes the bytes of one request and must not raise. For any thread."""

    def __init__(
        self,
        name: str,
        url: str,
        post: Callable[[bytes], Answer],
        meanings: Mapping[int, Meaning],
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self.name = name
        self.url = url
        self._post = post
        self._meanings = meanings
        self._now_s = now_s

    def write(self, lines: Sequence[Line]) -> Reasons | Away | Parked:
        """Write all lines; return which records were refused and why, or what stopped it."""
        ends_s = self._now_s() + WRITE_LIMIT_S
        refused: Reasons = {}
        for start in range(0, len(lines), LINES_LIMIT):
            stopped = self._write(lines[start : start + LINES_LIMIT], refused, ends_s)
            if stopped is not None:
                return stopped
        return refused

    def write_blocks(self, blocks: Sequence[bytes]) -> bool | Away | Parked:
        """Write blocks of whole lines; False when the server refuses any of it, what stopped it if anything did."""
        ends_s = self._now_s() + WRITE_LIMIT_S
        for body in _bodies(blocks):
            _, meaning, stopped = self._send(body, ends_s)
            if stopped is not None:
                return stopped
            if meaning is Meaning.NARROW_DOWN:
                return False
        return True

    def _write(self, lines: Sequence[Line], refused: Reasons, ends_s: float) -> Away | Parked | None:
        """Write the lines, halving those refused down to the bad ones; return what stopped it, if anything did."""
        answer, meaning, stopped = self._send("\n".join(line.text for line in lines).encode(), ends_s)
        if stopped is not None or meaning is not Meaning.NARROW_DOWN:
            return stopped
        if len(lines) > 1:
            half = len(lines) // 2
            return self._write(lines[:half], refused, ends_s) or self._write(lines[half:], refused, ends_s)
        (line,) = lines
        reason = f"{self.name}: {answer.status} {answer.text}"
        if line.record_no is not None:
            refused[(line.seq, line.record_no)] = reason
        else:
            log.warning("a flag is not in the store; %s refuses it: %s", reason, line.text)
        return None

    def _send(self, body: bytes, ends_s: float) -> tuple[Answer, Meaning, Away | Parked | None]:
        if self._now_s() > ends_s:
            # The feeder hands over less after this; the watchdog would take a write without an end for a stall.
            late = Away(f"{self.url} is slow: what was sent at once takes longer than {WRITE_LIMIT_S:g} s")
            return Answer(None), Meaning.AGAIN, late
        answer = self._post(body)
        meaning = meaning_of(answer, self._meanings)
        return answer, meaning, stopped_by(answer, meaning, self.url)


def refused_records(reasons: Reasons) -> tuple[RefusedRecord, ...]:
    return tuple(RefusedRecord(seq, number, reason) for (seq, number), reason in reasons.items())


def _bodies(blocks: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the blocks joined to requests of about REQUEST_BYTES."""
    waiting: list[bytes] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= REQUEST_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
