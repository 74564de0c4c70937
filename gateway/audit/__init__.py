"""The audit of a gateway's surroundings: files, broker, stores, clock. Each finding says what to do."""

from collections.abc import Callable, Iterator

from gateway.running import is_running
from gateway.settings import Settings
from rivergauge.basin import Basin

from .alerts import audit_alerts
from .broker import audit_broker
from .certificates import audit_certificates
from .clock import audit_clock
from .disk import audit_databases, audit_room
from .finding import Finding, Level
from .keys import audit_keys, audit_loggers, audit_secrets
from .service import audit_service
from .stores import audit_stores

__all__ = ["Finding", "Level", "audit"]


def audit(settings: Settings, basin: Basin, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """Yield the findings one by one, as they are made; every step has a deadline of its own."""
    yield from audit_keys(settings, basin)
    yield from audit_secrets(settings)
    yield from audit_loggers(settings, basin)
    yield audit_room(settings)
    yield from audit_databases(settings)
    yield audit_service(settings)
    yield from audit_broker(settings.broker, basin.code, settings.name, is_running(settings.journal))
    yield from audit_certificates(settings.broker, now_ms)
    yield from audit_stores(settings, now_ms)
    yield from audit_alerts(settings, basin)
    yield from audit_clock(basin, now_ms)
