"""gateway.toml: what belongs to the server, not to the basin."""

from dataclasses import dataclass
from pathlib import Path

from gateway.alerts.settings import NOTHING_SAID, AlertSettings, read_alert_settings
from gateway.ownership_settings import OwnershipSettings, read_ownership
from gateway.rate_limits import DEFAULT_LIMITS, RateLimits, read_limits
from gateway.store_settings import EMBEDDED, EmbeddedSettings, InfluxSettings, read_stores
from rivergauge.basin import ConfigurationError
from rivergauge.basin.document import Document, Table, read_document

__all__ = [
    "BrokerSettings",
    "EmbeddedSettings",
    "InfluxSettings",
    "Settings",
    "SettingsError",
    "TlsSettings",
    "WebSettings",
    "load_settings",
]

AFTER_JOURNAL, AFTER_STORE = "journal", "store"
PORT_LIMIT = 65_535
JOURNAL_LIMIT_MB = 4096  # where the file does not say: some 30 million records
JOURNAL_LOW_MB, JOURNAL_HIGH_MB = 100, 1_000_000  # at least what 1,000 of the largest messages take
LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")


class SettingsError(ConfigurationError):
    """The settings file cannot be used."""


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


@dataclass(frozen=True)
class WebSettings:
    """Where the page listens, the other names it is reached by, and the token that it asks for."""

    host: str
    port: int  # 0: a free one
    hosts: tuple[str, ...] = ()
    token_file: Path | None = None

    @property
    def is_for_this_machine(self) -> bool:
        return self.host in LOOPBACK


@dataclass(frozen=True)
class Settings:
    """Paths are absolute, or as the file gives them relative to its own folder."""

    name: str
    basin: Path
    keys: Path
    journal: Path
    bulletins: Path  # the folder of issued bulletins, which the page links to
    broker: BrokerSettings
    stores: tuple[EmbeddedSettings | InfluxSettings, ...]
    receipts_after: str = AFTER_STORE
    journal_limit_mb: int = JOURNAL_LIMIT_MB
    web: WebSettings | None = None
    alerts: AlertSettings = NOTHING_SAID
    ownership: OwnershipSettings | None = None
    limits: RateLimits = DEFAULT_LIMITS

    @property
    def has_company(self) -> bool:
        """True where other gateways may have given a station receipts for what this one never had."""
        return self.ownership is not None or self.broker.shared_subscription is not None

    @property
    def embedded(self) -> EmbeddedSettings | None:
        """The first embedded store, the one that is read."""
        return next((store for store in self.stores if isinstance(store, EmbeddedSettings)), None)


def load_settings(path: Path | str) -> Settings:
    """Return the settings in a TOML file, or raise SettingsError with every problem found in it."""
    document = read_document(Path(path))
    if not document.problems:
        settings = _read_settings(document)
        if not document.problems:
            return settings
    raise SettingsError(document.sorted_problems())


def _read_settings(document: Document) -> Settings:
    root, folder = document.root, document.file.parent
    gateway = root.take_table("gateway", "a table [gateway] with name, basin, keys and journal")
    broker = root.take_table("broker", "a table [broker] with host and port")
    settings = Settings(
        name=gateway.take_id("name"),
        basin=_path(gateway, "basin", "the path of the basin file", folder),
        keys=_path(gateway, "keys", "the folder of the stations' keys", folder),
        journal=_path(gateway, "journal", "the path of the journal, created if need be", folder),
        bulletins=_path(gateway, "bulletins", "the folder of issued bulletins", folder),
        receipts_after=_choice(gateway, "receipts_after", [AFTER_STORE, AFTER_JOURNAL]),
        journal_limit_mb=(
            gateway.take_integer("journal_limit_mb", JOURNAL_LOW_MB, JOURNAL_HIGH_MB)
            if "journal_limit_mb" in gateway
            else JOURNAL_LIMIT_MB
        ),
        broker=_read_broker(broker, folder),
        stores=read_stores(root, folder),
        alerts=read_alert_settings(root, folder),
        web=_read_web(root.take_table("web", "a table [web] with host and port"), folder) if "web" in root else None,
        ownership=read_ownership(root),
        limits=read_limits(root),
    )
    if settings.receipts_after != AFTER_STORE and settings.has_company:
        expected = f'"{AFTER_STORE}": what is only in the journal of one gateway, the other cannot know of'
        gateway.note("receipts_after", f'"{settings.receipts_after}" beside another gateway', expected)
    if settings.broker.shared_subscription is not None and settings.ownership is not None:
        expected = "one of the two: what is shared has no owner"
        root.note("ownership", "a table beside broker.shared_subscription", expected)
    if settings.web is not None and settings.embedded is None and document.problems == []:
        root.note("web", "a page", f'a [[store]] with kind = "{EMBEDDED}" for the page to read, or no [web]')
    for table in (gateway, root):
        table.refuse_unknown()
    return settings


def _read_broker(table: Table, folder: Path) -> BrokerSettings:
    broker = BrokerSettings(
        host=table.take_text("host", "the broker's name or address"),
        port=table.take_integer("port", 1, PORT_LIMIT),
        username=table.take_text("username", "a name") if "username" in table else None,
        password_file=_path(table, "password_file", "a file", folder) if "password_file" in table else None,
        tls=_read_tls(table.take_table("tls", "a table with ca_file"), folder) if "tls" in table else None,
        shared_subscription=table.take_id("shared_subscription") if "shared_subscription" in table else None,
    )
    table.refuse_unknown()
    return broker


def _read_tls(table: Table, folder: Path) -> TlsSettings:
    ca_file = _path(table, "ca_file", "the certificate of the authority that the broker's own is from", folder)
    if "certificate_file" not in table and "key_file" not in table:
        table.refuse_unknown()
        return TlsSettings(ca_file)
    tls = TlsSettings(
        ca_file,
        certificate_file=_path(table, "certificate_file", "the gateway's certificate, since key_file is there", folder),
        key_file=_path(table, "key_file", "the key of the gateway's certificate, since that is there", folder),
    )
    table.refuse_unknown()
    return tls


def _read_web(table: Table, folder: Path) -> WebSettings:
    web = WebSettings(
        host=table.take_text("host", "an address to listen on, such as 127.0.0.1"),
        port=table.take_integer("port", 0, PORT_LIMIT),
        hosts=tuple(table.take_texts("hosts", "names that the page is reached by", r"\S+")) if "hosts" in table else (),
        token_file=_path(table, "token_file", "a file with the token", folder) if "token_file" in table else None,
    )
    if not web.is_for_this_machine and web.token_file is None:
        table.note("host", f'"{web.host}" without token_file', f"one of {', '.join(LOOPBACK)}, or a token_file")
    if web.host in EVERYWHERE and not web.hosts:
        table.note("hosts", "nothing", f"the names that the page is reached by, since {web.host} is none")
    table.refuse_unknown()
    return web


def _path(table: Table, key: str, expected: str, folder: Path) -> Path:
    return folder / table.take_text(key, expected)


def _choice(table: Table, key: str, choices: list[str]) -> str:
    """Return one of the choices, the first where the file does not say."""
    return table.take_choice(key, choices) if key in table else choices[0]
