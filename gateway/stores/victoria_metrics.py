"""VictoriaMetrics as a store: whole batches are imported series by series, all else goes by its InfluxDB v2 API.

Either is read back before it is called written.
"""

from collections.abc import Sequence

from gateway.batch_lines import BatchLines
from gateway.batch_series import series_of
from gateway.observations import Revision
from gateway.stores.answers import VICTORIA_METRICS_MEANINGS
from gateway.stores.http_server import HttpServer, password
from gateway.stores.line_protocol import lines_of
from gateway.stores.line_writer import LineWriter, Reasons, refused_records
from gateway.stores.revision_series import revision_series
from gateway.stores.store import Away, Block, Delivery, Outcome, Parked, Sent, Written
from gateway.stores.victoria_proof import Proof

__all__ = ["VictoriaStore", "connect_victoria"]

# Killed right after a write it had lost all of it, after 2 s a quarter, after 6 s nothing.
KEPT_AFTER_S = 15.0
START_OF_PROCESS = b"process_start_time_seconds "
DROPPED = (
    "the server answered 204 and does not have the record: older than it keeps (-retentionPeriod), or too far ahead"
)


class VictoriaStore:
    """Start the server with -retentionPeriod=100y -dedup.minScrapeInterval=1ms: what is repeated is then one point."""

    def __init__(self, name: str, server: HttpServer) -> None:
        self.name = name
        self._server = server
        self._proof = Proof(server)
        self._is_reached = False
        query = {"precision": "ms"}
        self.lines = LineWriter(
            name, server.url, lambda body: server.post("/api/v2/write", query, body), VICTORIA_METRICS_MEANINGS
        )
        # Five times as fast as lines: a series is looked up once for all its values.
        self._series = LineWriter(
            name, server.url, lambda body: server.post("/api/v1/import", {}, body), VICTORIA_METRICS_MEANINGS
        )

    @property
    def kept_after_s(self) -> float:
        return KEPT_AFTER_S

    def started(self) -> str | None:
        """Return when the server was started, as it says itself; None when it cannot be asked."""
        answer = self._server.ask("/metrics", {})
        lines = answer.body.splitlines() if answer.status == 200 else []
        return next((line.decode() for line in lines if line.startswith(START_OF_PROCESS)), None)

    def open(self) -> None: ...

    def close(self) -> None:
        self._server.close()

    def write(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Write all; a record that the server does not give back is refused."""
        stopped = self._reach()
        if stopped is not None:
            return stopped
        reasons = self.lines.write([line for delivery in deliveries for line in lines_of(delivery)])
        if not isinstance(reasons, dict):
            return reasons
        stopped = self._read_back([each for each in deliveries if each.fresh], reasons)
        return stopped or Written(refused_records(reasons))

    def block_of(self, batch: BatchLines, basin: str, station: str, revisions: Sequence[Revision]) -> bytes:
        """Return the series of the message that `batch` has read and of what was derived from it."""
        # Ids are of a-z, 0-9 and -: nothing to escape.
        return series_of(batch, f'"basin":"{basin}","station":"{station}"'.encode()) + revision_series(revisions)

    def write_blocks(self, blocks: Sequence[Block]) -> Outcome | None:
        """Import all; None when the server does not have all of it afterwards: then `write` finds out which."""
        if not blocks:
            return Written()
        stopped = self._reach()
        if stopped is not None:
            return stopped
        is_taken = self._series.write_blocks([block.text for block in blocks])
        if not isinstance(is_taken, bool):
            return is_taken
        missing = self._proof.missing([block.sent for block in blocks]) if is_taken else [[]]
        if not isinstance(missing, list):
            return missing
        return Written() if is_taken and not any(missing) else None

    def read_records(self, basin: str, station: str, log_id: int, first_no: int, last_no: int) -> list[tuple[int, int]]:
        """Return (record number, time in ms) of the records of a log that are stored; raise Unreadable."""
        return self._proof.read_records(basin, station, log_id, first_no, last_no)

    def _reach(self) -> Away | Parked | None:
        """Find out, before the first write, whether the url leads to the server."""
        # A wrong path is answered 400, as a bad line is: every record would become a dead letter.
        if self._is_reached:
            return None
        stopped = self._proof.flush()
        self._is_reached = stopped is None
        return stopped

    def _read_back(self, deliveries: Sequence[Delivery], reasons: Reasons) -> Away | Parked | None:
        """Add the records that the server does not have to `reasons`; return why they could not be asked for."""
        missing = self._proof.missing([_sent(each) for each in deliveries])
        if not isinstance(missing, list):
            return missing
        for delivery, numbers in zip(deliveries, missing, strict=True):
            for number in numbers:
                reasons.setdefault((delivery.seq, number), f"{self.name}: {DROPPED}")
        return None


def connect_victoria(name: str, url: str, username: str, secret: str) -> VictoriaStore:
    """Return a store of VictoriaMetrics; the server need not be there yet."""
    return VictoriaStore(name, HttpServer(url, password(username, secret)))


def _sent(delivery: Delivery) -> Sent:
    batch = delivery.batch
    if batch is None:
        raise ValueError("a delivery with fresh records has a batch")
    return Sent(
        delivery.basin,
        delivery.station,
        [batch.first_record_no + index for index in delivery.fresh],
        [batch.times_ms[index] for index in delivery.fresh],
    )
