"""What is made of the basin file, and made anew as one when the file has changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gateway.alerts.alerts import Alerts
from gateway.clock_watch import ClockWatch
from gateway.deliveries import Deliveries
from gateway.hmac_sha256 import hmac_sha256
from gateway.ingest import Ingest
from gateway.journal import Journal
from gateway.keys import Keys
from gateway.losses import Losses
from gateway.plausibility import Plausibility
from gateway.quarantine import Quarantine
from gateway.settings import Settings
from gateway.windows import Windows
from rivergauge.basin import Basin

__all__ = ["BasinParts", "Lasting", "make_parts"]


@dataclass(frozen=True, slots=True)
class Lasting:
    """What stays as it is, whatever the basin file says, and what is made of that needs."""

    settings: Settings
    journal: Journal
    keys: Keys
    windows: Windows
    losses: Losses
    clock_watch: ClockWatch
    quarantine: Quarantine
    answers_for: Callable[[str], bool]
    now_ms: Callable[[], int]


@dataclass(frozen=True, slots=True)
class BasinParts:
    """What depends on the basin file."""

    ingest: Ingest
    deliveries: Deliveries
    alerts: Alerts
    flagged: Basin  # with the thresholds that are watched here
    key_ids: Mapping[str, str]  # of the key that each station's board uses


def make_parts(basin: Basin, lasting: Lasting) -> BasinParts:
    """Return the parts, none of them at work yet."""
    settings = lasting.settings
    senml = {station.id: station.senml if settings.accept_unauthenticated else () for station in basin.stations}
    ingest = Ingest(
        basin.code, senml, lasting.keys, lasting.windows, lasting.losses, Plausibility(basin), lasting.clock_watch,
        lasting.quarantine, hmac_sha256,
    )  # fmt: skip
    alerts = Alerts(basin, settings.name, settings.alerts, lasting.journal, lasting.now_ms, lasting.answers_for)
    key_ids = {station.id: station.key_id for station in basin.stations}
    is_shared = settings.broker.shared_subscription is not None
    return BasinParts(ingest, Deliveries(basin), alerts, _unwatched(basin) if is_shared else basin, key_ids)


def _unwatched(basin: Basin) -> Basin:
    """Return the basin without thresholds, for where only a share of its records comes: half a flood is no flood."""
    return replace(basin, stations=tuple(replace(each, thresholds=()) for each in basin.stations))
