"""[[store]] in gateway.toml: where observations are kept, one table for each store."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rivergauge.basin.document import Table

__all__ = [
    "EMBEDDED",
    "INFLUXDB_1",
    "INFLUXDB_2",
    "INFLUXDB_3",
    "VICTORIA_METRICS",
    "EmbeddedSettings",
    "InfluxSettings",
    "read_stores",
]

EMBEDDED, VICTORIA_METRICS = "embedded", "victoriametrics"
INFLUXDB_1, INFLUXDB_2, INFLUXDB_3 = "influxdb1", "influxdb2", "influxdb3"
# At least what a station's queue holds and thresholds look back on.
RETENTION_LOW_DAYS, RETENTION_HIGH_DAYS = 31, 36_500
STORE_NAME_PATTERN = r"[a-z0-9][a-z0-9-]{0,31}"


@dataclass(frozen=True)
class EmbeddedSettings:
    """The store in a file of its own, which the page, the bulletin and the command line read."""

    name: str
    path: Path
    retention_days: int | None = None  # raw values are kept for ever unless this says otherwise


@dataclass(frozen=True)
class InfluxSettings:
    """A server that takes line protocol; `api` is its kind, which nothing that it answers is taken for."""

    name: str
    api: str
    url: str
    database: str = ""  # the bucket of InfluxDB 2; VictoriaMetrics has none
    organisation: str = ""
    username: str = ""
    secret_file: Path | None = None  # holds the token or password


StoreSettings = EmbeddedSettings | InfluxSettings


def read_stores(root: Table, folder: Path) -> tuple[StoreSettings, ...]:
    """Return the stores in the order of the file; note every problem."""
    tables = root.take_tables("store", "name", "one [[store]] table for each store")
    if not tables:
        root.note("store", "no store", "at least one [[store]] table")
    stores: list[StoreSettings] = []
    for table in tables:
        name = table.take_text("name", "a name of a-z, 0-9 and -, its place in the journal", STORE_NAME_PATTERN)
        kind = table.take_choice("kind", list(READERS))
        store = READERS.get(kind, _read_embedded)(table, folder, name)
        if store.name in [other.name for other in stores]:
            table.note("name", f'"{store.name}" a second time', "a name that no other store has")
        stores.append(store)
        table.refuse_unknown()
    return tuple(stores)


def _read_embedded(table: Table, folder: Path, name: str) -> StoreSettings:
    path = folder / table.take_text("path", "the path of the store, created if need be")
    days = None
    if "retention_days" in table:
        days = table.take_integer("retention_days", RETENTION_LOW_DAYS, RETENTION_HIGH_DAYS, "days")
    return EmbeddedSettings(name, path, days)


def _read_influxdb_1(table: Table, folder: Path, name: str) -> StoreSettings:
    return InfluxSettings(
        name,
        INFLUXDB_1,
        _url(table),
        database=table.take_text("database", "the database to write to"),
        username=_username(table),
        secret_file=_secret(table, "password_file", "a file with the password", folder),
    )


def _read_influxdb_2(table: Table, folder: Path, name: str) -> StoreSettings:
    return InfluxSettings(
        name,
        INFLUXDB_2,
        _url(table),
        database=table.take_text("bucket", "the bucket to write to"),
        organisation=table.take_text("organisation", "the organisation that has the bucket"),
        secret_file=_secret(table, "token_file", "a file with the token", folder),
    )


def _read_influxdb_3(table: Table, folder: Path, name: str) -> StoreSettings:
    return InfluxSettings(
        name,
        INFLUXDB_3,
        _url(table),
        database=table.take_text("database", "the database to write to"),
        secret_file=_secret(table, "token_file", "a file with the token", folder),
    )


def _read_victoria_metrics(table: Table, folder: Path, name: str) -> StoreSettings:
    return InfluxSettings(
        name,
        VICTORIA_METRICS,
        _url(table),
        username=_username(table),
        secret_file=_secret(table, "password_file", "a file with the password", folder),
    )


READERS: dict[str, Callable[[Table, Path, str], StoreSettings]] = {
    EMBEDDED: _read_embedded,
    INFLUXDB_1: _read_influxdb_1,
    INFLUXDB_2: _read_influxdb_2,
    INFLUXDB_3: _read_influxdb_3,
    VICTORIA_METRICS: _read_victoria_metrics,
}


def _url(table: Table) -> str:
    return table.take_text("url", "an address such as http://127.0.0.1:8086", r"https?://\S+")


def _username(table: Table) -> str:
    return table.take_text("username", "a name") if "username" in table else ""


def _secret(table: Table, key: str, expected: str, folder: Path) -> Path | None:
    return folder / table.take_text(key, expected) if key in table else None
