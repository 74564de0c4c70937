"""Removal from the embedded store of what is older than its owner wants to keep: raw records and what came of them.

Nothing else in the gateway ever removes a raw value.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

__all__ = ["reached_ms", "remove_before"]

BUSY_TIMEOUT_S = 10.0
DAY_MS = 86_400_000  # of a station's records are removed in one transaction, so that none holds the store for long


STATIONS_AGREEING = 2  # one may be years ahead of its time


def reached_ms(path: Path) -> int | None:
    """Return the time that records have come to, by two stations or the only one; None where there are none.

    Raises sqlite3.Error.
    """
    newest = "SELECT max(observed_at_ms) FROM record WHERE station = ?"
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
        times_ms = [connection.execute(newest, (station,)).fetchone()[0] for station, _ in list(_stations(connection))]
    return min(sorted(times_ms)[-STATIONS_AGREEING:], default=None)


def remove_before(path: Path, before_ms: int) -> bool:
    """Remove the oldest day of each station as far as it lies before the time; return whether there is more.

    Flags that were cleared and gaps that were told before the time go too. Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
        is_more = False
        for station, oldest_ms in list(_stations(connection)):
            if oldest_ms < before_ms:
                until_ms = min(before_ms, oldest_ms + DAY_MS)
                _remove(connection, station, until_ms)
                is_more = is_more or until_ms < before_ms
        connection.execute("DELETE FROM flag WHERE cleared_at_ms < ?", (before_ms,))
        connection.execute("DELETE FROM gap WHERE told_at_ms < ?", (before_ms,))
    return is_more


def _remove(connection: sqlite3.Connection, station: str, before_ms: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("DELETE FROM record WHERE station = ? AND observed_at_ms < ?", (station, before_ms))
        for table in ("observation", "revision"):
            for sensor, variable in list(_series(connection, table, station)):
                connection.execute(
                    f"DELETE FROM {table} WHERE station = ? AND sensor = ? AND variable = ? AND observed_at_ms < ?",
                    (station, sensor, variable, before_ms),
                )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


# Both step from one to the next in the order of the key: a DISTINCT would read years of values each time.


def _stations(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Yield each station that has records, and the time of its oldest."""
    station = ""
    query = "SELECT station, observed_at_ms FROM record WHERE station > ? ORDER BY station, observed_at_ms LIMIT 1"
    while found := connection.execute(query, (station,)).fetchone():
        station = found[0]
        yield found


def _series(connection: sqlite3.Connection, table: str, station: str) -> Iterator[tuple[int, str]]:
    """Yield sensor and variable of each series of a station."""
    last: tuple[int, str] = (-1, "")
    query = (
        f"SELECT sensor, variable FROM {table} WHERE station = ? AND (sensor, variable) > (?, ?)"
        " ORDER BY sensor, variable LIMIT 1"
    )
    while found := connection.execute(query, (station, *last)).fetchone():
        last = found
        yield last
