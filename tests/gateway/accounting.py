"""The account at the end of every fault: each record once in the store, by its name, and both sums true."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

__all__ = [
    "assert_embedded_has",
    "assert_sums_hold",
    "names",
    "stored_in_embedded",
    "stored_in_influxdb",
    "stored_in_victoria_metrics",
]

Name = tuple[str, int, int]  # station, log id, record number

ANSWER_LIMIT_S = 30.0


def names(station: str, log_id: int, numbers: Iterable[int]) -> list[Name]:
    return [(station, log_id, number) for number in numbers]


def stored_in_embedded(path: Path) -> list[Name]:
    """Return the name of every record, as often as it is there; each must have its stage."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
        found = store.execute("SELECT station, log_id, record_no FROM record").fetchall()
        stages = store.execute("SELECT count(*) FROM observation WHERE variable = 'stage_m'").fetchone()[0]
    store.close()
    assert stages == len(found), "a record without its stage, or a stage without its record"
    return sorted(found)


def stored_in_influxdb(port: int, database: str) -> list[Name]:
    query = "SELECT station, log_id, record_no FROM record"
    answer = json.loads(_post(port, "/query", {"db": database, "q": query, "epoch": "ms"}))
    rows = [row for series in answer["results"][0].get("series", ()) for row in series["values"]]
    return sorted((station, log_id, number) for _, station, log_id, number in rows)


def stored_in_victoria_metrics(port: int) -> list[Name]:
    _post(port, "/internal/force_flush", {})
    points: dict[str, dict[tuple[str, int], int]] = {}
    for field in ("log_id", "record_no"):
        asked = {"match[]": f"record_{field}", "start": "0", "end": "4102444800"}
        of_field = points.setdefault(field, {})
        for line in _post(port, "/api/v1/export", asked).splitlines():
            series = json.loads(line)
            for at_ms, value in zip(series["timestamps"], series["values"], strict=True):
                assert (series["metric"]["station"], at_ms) not in of_field, "two points at one time"
                of_field[(series["metric"]["station"], at_ms)] = int(value)
    return sorted((at[0], log_id, points["record_no"][at]) for at, log_id in points["log_id"].items())


def assert_sums_hold(counts: dict[str, int]) -> None:
    assert counts["messages_received"] == (
        counts["messages_decoded"] + counts["messages_refused"] + counts["messages_forged"]
    )
    assert counts["records_received"] == (
        counts["records_stored"] + counts["records_duplicate"] + counts["records_dead"] + counts["records_pending"]
    )


def assert_embedded_has(path: Path, expected: Sequence[Name], counts: dict[str, int]) -> None:
    """Assert that the store has exactly these records, and that the gateway counts them so."""
    assert stored_in_embedded(path) == sorted(expected)
    assert (counts["records_stored"], counts["records_pending"]) == (len(expected), 0)
    assert_sums_hold(counts)


def _post(port: int, path: str, form: dict[str, str]) -> bytes:
    request = Request(f"http://127.0.0.1:{port}{path}", urlencode(form).encode())
    with urlopen(request, timeout=ANSWER_LIMIT_S) as answer:
        return bytes(answer.read())
