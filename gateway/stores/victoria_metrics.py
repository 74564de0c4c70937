"""VictoriaMetrics as a store: written to by its InfluxDB v2 API, and read back before anything is called written."""

from collections.abc import Sequence

from gateway.stores.answers import VICTORIA_METRICS_MEANINGS
from gateway.stores.http_server import HttpServer, password
from gateway.stores.line_protocol import lines_of
from gateway.stores.line_writer import LineWriter, Reasons, refused_records
from gateway.stores.store import Away, Delivery, Outcome, Parked, Sent, Written
from gateway.stores.victoria_proof import Proof

__all__ = ["VictoriaStore", "connect_victoria"]

DROPPED = (
    "the server answered 204 and does not have the record: older than it keeps (-retentionPeriod), or too far ahead"
)


class VictoriaStore:
    """Start the server with -retentionPeriod=100y -dedup.minScrapeInterval=1ms: what is repeated is then one point."""

    def __init__(self, name: str, server: HttpServer) -> None:
        self.name = name
        self._server = server
        self._proof = Proof(server)
        query = {"precision": "ms"}
        self.lines = LineWriter(
            name, server.url, lambda body: server.post("/api/v2/write", query, body), VICTORIA_METRICS_MEANINGS
        )

    def open(self) -> None: ...

    def close(self) -> None:
        self._server.close()

    def write(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Write all; a record that the server does not give back is refused."""
        reasons = self.lines.write([line for delivery in deliveries for line in lines_of(delivery)])
        if not isinstance(reasons, dict):
            return reasons
        stopped = self._read_back([each for each in deliveries if each.fresh], reasons)
        return stopped or Written(refused_records(reasons))

    def read_records(self, basin: str, station: str, log_id: int, first_no: int, last_no: int) -> list[tuple[int, int]]:
        """Return (record number, time in ms) of the records of a log that are stored; raise Unreadable."""
        return self._proof.read_records(basin, station, log_id, first_no, last_no)

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
