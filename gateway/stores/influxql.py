"""Reading records back by InfluxQL over `/query`, which InfluxDB 1.x, 2.x and 3 have alike."""

import json

from gateway.stores.http_server import HttpServer
from gateway.stores.store import Unreadable

__all__ = ["read_records"]


def read_records(
    server: HttpServer, database: str, basin: str, station: str, log_id: int, first_no: int, last_no: int
) -> list[tuple[int, int]]:
    """Return (record number, time in ms) of the records of a log that are stored, in the order of time.

    Both ends are included. Raises Unreadable when the server cannot be asked or answers anything else than rows.
    """
    # Ids are of a-z, 0-9 and -, so that nothing in them can end the quotes.
    query = (
        f"SELECT record_no FROM record WHERE basin = '{basin}' AND station = '{station}' AND log_id = {log_id}"
        f" AND record_no >= {first_no} AND record_no <= {last_no} ORDER BY time"
    )
    answer = server.ask("/query", {"db": database, "epoch": "ms", "q": query})
    if answer.status != 200:
        raise Unreadable(f"{server.url}/query answers {answer.status}: {answer.text}")
    try:
        (result,) = json.loads(answer.body)["results"]
        if "error" in result:
            raise Unreadable(f"{server.url}/query: {result['error']}")
        return [(int(row[1]), int(row[0])) for series in result.get("series", ()) for row in series["values"]]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Unreadable(f"{server.url}/query: {answer.text}; expected rows as InfluxDB gives them") from error
