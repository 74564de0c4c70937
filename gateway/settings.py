"""gateway.toml: what belongs to the server, not to the basin."""

from dataclasses import dataclass
from pathlib import Path

from gateway.alerts.settings import NOTHING_SAID, AlertSettings, read_alert_settings
from gateway.broker_settings import BrokerSettings, TlsSettings, read_broker
from gateway.ownership_settings import OwnershipSettings, read_ownership
from gateway.rate_limits import DEFAULT_LIMITS, RateLimits, read_limits
from gateway.store_settings import EMBEDDED, EmbeddedSettings, InfluxSettings, read_stores
from gateway.web_settings import LOOPBACK, WebSettings, read_web
from rivergauge.basin import ConfigurationError
from rivergauge.basin.document import Document, Table, read_document

__all__ = [
    "AFTER_JOURNAL",
    "AFTER_STORE",
    "LOOPBACK",
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
JOURNAL_LIMIT_MB = 4096  # where the file does not say: some 30 million records
JOURNAL_LOW_MB, JOURNAL_HIGH_MB = 100, 1_000_000  # at least what 1,000 of the largest messages take


class SettingsError(ConfigurationError):
    """The settings file cannot be used."""


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
    accept_unauthenticated: bool = False  # values of other makers' loggers, as the basin file names them

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
        broker=read_broker(broker, folder),
        stores=read_stores(root, folder),
        alerts=read_alert_settings(root, folder),
        web=read_web(root, folder),
        ownership=read_ownership(root),
        limits=read_limits(root),
        accept_unauthenticated=(
            gateway.take_boolean("accept_unauthenticated") if "accept_unauthenticated" in gateway else False
        ),
    )
    if settings.ownership is not None and settings.name in settings.ownership.standby_for:
        root.note("ownership", f'standby_for "{settings.name}", which is this gateway', "the names of others")
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


def _path(table: Table, key: str, expected: str, folder: Path) -> Path:
    return folder / table.take_text(key, expected)


def _choice(table: Table, key: str, choices: list[str]) -> str:
    """Return one of the choices, the first where the file does not say."""
    return table.take_choice(key, choices) if key in table else choices[0]
