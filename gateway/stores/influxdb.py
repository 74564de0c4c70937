"""InfluxDB as a store: the v2 API of 2.x and 3 through influxdb-client, `/write` of 1.x; InfluxQL reads all three back.

InfluxDB 3 was not at hand: its answers are known from its documentation only (docs/decisions/reading-back.md).
"""

from collections.abc import Callable, Sequence
from typing import Any

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from gateway.batch_lines import BatchLines
from gateway.observations import Revision
from gateway.stores.answers import INFLUXDB_MEANINGS, Answer
from gateway.stores.http_server import TIMEOUT_S, HttpServer, is_here, password, seconds
from gateway.stores.influxql import read_records
from gateway.stores.line_protocol import lines_of, place_of, revision_line
from gateway.stores.line_writer import LineWriter, refused_records
from gateway.stores.store import Block, Delivery, Outcome, Written

__all__ = ["InfluxStore", "connect_v1", "connect_v2", "connect_v3"]

PRECISION: Any = "ms"  # of the times in the lines; influxdb-client types its plain constants as another class


class InfluxStore:
    """Writes line protocol with `post`, which takes the bytes of one request and must not raise; reads at `server`."""

    def __init__(self, name: str, server: HttpServer, database: str, post: Callable[[bytes], Answer]) -> None:
        self.name = name
        self._server = server
        self._database = database
        self.lines = LineWriter(name, server.url, post, INFLUXDB_MEANINGS)

    def open(self) -> None: ...

    def close(self) -> None:
        self._server.close()

    def write(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Write all; points are the same whenever they are written, so that a repetition changes nothing."""
        outcome = self.lines.write([line for delivery in deliveries for line in lines_of(delivery)])
        return Written(refused_records(outcome)) if isinstance(outcome, dict) else outcome

    def block_of(self, batch: BatchLines, basin: str, station: str, revisions: Sequence[Revision]) -> bytes:
        """Return the lines of the message that `batch` has read and of what was derived from it."""
        place = place_of(basin, station)
        derived = "".join(revision_line(place, revision) + "\n" for revision in revisions)
        return batch.lines(place.encode()) + derived.encode()

    def write_blocks(self, blocks: Sequence[Block]) -> Outcome | None:
        """Write all; None when the server refuses any of it: then `write` finds out which."""
        outcome = self.lines.write_blocks([block.text for block in blocks])
        if isinstance(outcome, bool):
            return Written() if outcome else None
        return outcome

    def read_records(self, basin: str, station: str, log_id: int, first_no: int, last_no: int) -> list[tuple[int, int]]:
        """Return (record number, time in ms) of the records of a log that are stored; raise Unreadable."""
        return read_records(self._server, self._database, basin, station, log_id, first_no, last_no)


def connect_v1(name: str, url: str, database: str, username: str, secret: str) -> InfluxStore:
    """Return a store that writes to `/write` of InfluxDB 1.x; the server need not be there yet."""
    server = HttpServer(url, password(username, secret))
    query = {"db": database, "precision": PRECISION}
    return InfluxStore(name, server, database, lambda body: server.post("/write", query, body))


def connect_v2(name: str, url: str, bucket: str, organisation: str, token: str) -> InfluxStore:
    """Return a store that writes to `/api/v2/write`; the server need not be there yet."""
    client = InfluxDBClient(url, token, timeout=round(TIMEOUT_S * 1000), org=organisation, enable_gzip=not is_here(url))
    # Synchronous: the batching mode drops what it could not write after its retries.
    write_api = client.write_api(write_options=SYNCHRONOUS)

    def post(body: bytes) -> Answer:
        try:
            write_api.write(bucket, organisation, body, write_precision=PRECISION)
        except ApiException as error:
            said = error.body or b""
            retry_after = error.headers.get("Retry-After") if error.headers else None
            return Answer(error.status, said.encode() if isinstance(said, str) else said, seconds(retry_after))
        except urllib3.exceptions.HTTPError as error:
            return Answer(None, str(error).encode())
        return Answer(204)

    return InfluxStore(name, HttpServer(url, {"Authorization": f"Token {token}"}), bucket, post)


def connect_v3(name: str, url: str, database: str, token: str) -> InfluxStore:
    """Return a store that writes to the v2 API of InfluxDB 3, where a database stands for bucket and organisation."""
    return connect_v2(name, url, database, "", token)
