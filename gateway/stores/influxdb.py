"""InfluxDB as a store: the v2 API (also of VictoriaMetrics) through influxdb-client, 1.x `/write` through urllib3.

The law this file keeps: a status is read by the table `MEANINGS`, and what a server refuses is narrowed down to single
lines, so that one bad line holds nothing back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from gateway.stores.line_protocol import Line, lines_of
from gateway.stores.store import Away, Delivery, Outcome, Parked, RefusedRecord, Written

__all__ = ["InfluxStore", "connect_v1", "connect_v2"]

TIMEOUT_S = 10.0
LINES_LIMIT = 5000  # in one request
REQUEST_BYTES = 1_000_000  # in one request of lines that are not looked at one by one
PRECISION: Any = "ms"  # of the times in the lines; influxdb-client types its plain constants as another class
REASON_LIMIT = 300  # letters of a server's answer that are kept

TAKEN, NARROW_DOWN, NEEDS_PERSON = range(3)
# What is not in the table (429, 5xx, and what no one expects) is tried again.
MEANINGS = {
    200: TAKEN,
    204: TAKEN,
    400: NARROW_DOWN,
    401: NEEDS_PERSON,
    403: NEEDS_PERSON,
    404: NEEDS_PERSON,
    413: NARROW_DOWN,
    422: NARROW_DOWN,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; `status` is None when it could not be reached."""

    status: int | None
    text: str = ""
    retry_after_s: float | None = None


class InfluxStore:
    """Writes line protocol with `post`, which takes the bytes of one request and must not raise."""

    def __init__(self, name: str, url: str, post: Callable[[bytes], Answer]) -> None:
        self.name = name
        self._url = url
        self._post = post

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Write all; points are the same whenever they are written, so that a repetition changes nothing."""
        lines = [line for delivery in deliveries for line in lines_of(delivery)]
        refused: dict[tuple[int, int], str] = {}
        for start in range(0, len(lines), LINES_LIMIT):
            stopped = self._write(lines[start : start + LINES_LIMIT], refused)
            if stopped is not None:
                return stopped
        return Written(tuple(RefusedRecord(seq, number, reason) for (seq, number), reason in refused.items()))

    def write_lines(self, blocks: Sequence[bytes]) -> Outcome | None:
        """Write blocks of whole lines; None when the server refuses any of it: then `write` finds out which."""
        for body in _bodies(blocks):
            answer = self._post(body)
            stopped = self._stopped_by(answer)
            if stopped is not None or MEANINGS.get(answer.status or 0) != TAKEN:
                return stopped
        return Written()

    def _stopped_by(self, answer: Answer) -> Away | Parked | None:
        """Return why nothing more can be written now; None where the server took it, or refused what it was sent."""
        if answer.status is None:
            return Away(f"{self._url} cannot be reached: {answer.text}")
        meaning = MEANINGS.get(answer.status)
        said = f"{self._url} answers {answer.status}: {answer.text}"
        if meaning == NEEDS_PERSON:
            return Parked(f"{said}; check token or password, and that bucket or database exists")
        return Away(said, answer.retry_after_s) if meaning is None else None

    def _write(self, lines: Sequence[Line], refused: dict[tuple[int, int], str]) -> Away | Parked | None:
        """Write the lines, halving those refused down to the bad ones; return what stopped it, if anything did."""
        answer = self._post("\n".join(line.text for line in lines).encode())
        stopped = self._stopped_by(answer)
        if stopped is not None or MEANINGS.get(answer.status or 0) == TAKEN:
            return stopped
        if len(lines) == 1:
            line = lines[0]
            if line.record_no is not None:
                refused[(line.seq, line.record_no)] = f"{self.name}: {answer.status} {answer.text}"
            return None
        half = len(lines) // 2
        return self._write(lines[:half], refused) or self._write(lines[half:], refused)


def connect_v2(name: str, url: str, bucket: str, organisation: str, token: str) -> InfluxStore:
    """Return a store that writes to `/api/v2/write`; the server need not be there yet."""
    gzip = not _is_here(url)
    client = InfluxDBClient(url, token, timeout=round(TIMEOUT_S * 1000), org=organisation, enable_gzip=gzip)
    # Synchronous: the batching mode drops what it could not write after its retries.
    write_api = client.write_api(write_options=SYNCHRONOUS)

    def post(body: bytes) -> Answer:
        try:
            write_api.write(bucket, organisation, body, write_precision=PRECISION)
        except ApiException as error:
            retry_after = error.headers.get("Retry-After") if error.headers else None
            return Answer(error.status, _shown(error.body), _seconds(retry_after))
        except urllib3.exceptions.HTTPError as error:
            return Answer(None, str(error))
        return Answer(204)

    return InfluxStore(name, url, post)


def connect_v1(name: str, url: str, database: str, username: str, password: str) -> InfluxStore:
    """Return a store that writes to `/write` of InfluxDB 1.x; the server need not be there yet."""
    headers: dict[str, str] = urllib3.make_headers(basic_auth=f"{username}:{password}") if username else {}
    pool = urllib3.PoolManager(headers=headers, timeout=TIMEOUT_S, retries=False)
    address = f"{url.rstrip('/')}/write?{urlencode({'db': database, 'precision': PRECISION})}"

    def post(body: bytes) -> Answer:
        try:
            answer = pool.request("POST", address, body=body)
        except urllib3.exceptions.HTTPError as error:
            return Answer(None, str(error))
        return Answer(answer.status, _shown(answer.data), _seconds(answer.headers.get("Retry-After")))

    return InfluxStore(name, url, post)


def _is_here(url: str) -> bool:
    """Tell whether the server is on this machine, where compressing would cost more than it saves."""
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


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


def _shown(body: bytes | str | None) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    return " ".join(text.split())[:REASON_LIMIT]


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header; None for the form with a date, which no known store sends."""
    return float(retry_after) if retry_after is not None and retry_after.isdigit() else None
