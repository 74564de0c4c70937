"""[broker] in gateway.toml: where the broker is, and how the gateway is admitted."""

from dataclasses import dataclass
from pathlib import Path

from rivergauge.basin.document import Table

__all__ = ["PORT_LIMIT", "BrokerSettings", "TlsSettings", "read_broker"]

PORT_LIMIT = 65_535


@dataclass(frozen=True)
class TlsSettings:
    """Whose word is believed on who the broker is, and what proves to the broker who the gateway is."""

    ca_file: Path
    certificate_file: Path | None = None  # both or neither
    key_file: Path | None = None


@dataclass(frozen=True)
class BrokerSettings:
    host: str
    port: int
    username: str | None = None
    password_file: Path | None = None
    tls: TlsSettings | None = None
    shared_subscription: str | None = None  # the name under which several gateways share what comes


def read_broker(table: Table, folder: Path) -> BrokerSettings:
    """Return what the table says; note every problem."""
    broker = BrokerSettings(
        host=table.take_text("host", "the broker's name or address"),
        port=table.take_integer("port", 1, PORT_LIMIT),
        username=table.take_text("username", "a name") if "username" in table else None,
        password_file=folder / table.take_text("password_file", "a file") if "password_file" in table else None,
        tls=_read_tls(table.take_table("tls", "a table with ca_file"), folder) if "tls" in table else None,
        shared_subscription=table.take_id("shared_subscription") if "shared_subscription" in table else None,
    )
    table.refuse_unknown()
    return broker


def _read_tls(table: Table, folder: Path) -> TlsSettings:
    ca_file = folder / table.take_text("ca_file", "the certificate of the authority that the broker's own is from")
    if "certificate_file" not in table and "key_file" not in table:
        table.refuse_unknown()
        return TlsSettings(ca_file)
    tls = TlsSettings(
        ca_file,
        certificate_file=folder
        / table.take_text("certificate_file", "the gateway's certificate, as key_file is there"),
        key_file=folder / table.take_text("key_file", "the key of the gateway's certificate, since that is there"),
    )
    table.refuse_unknown()
    return tls
