"""The audit of a gateway's surroundings: files, broker, stores, clock. Each finding says what to do."""

from collections.abc import Callable, Iterable, Iterator

from gateway.running import is_running
from gateway.settings import Settings
from rivergauge.basin import Basin

from .alerts import audit_alerts
from .broker import audit_broker
from .certificates import audit_certificates
from .clock import audit_clock
from .disk import audit_databases, audit_room
from .finding import Finding, Level, problem
from .keys import audit_keys, audit_loggers, audit_secrets
from .service import audit_service
from .stores import audit_stores

__all__ = ["Finding", "Level", "audit"]


def audit(settings: Settings, basin: Basin, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """Yield the findings one by one, as they are made; every step has a deadline of its own."""
    steps: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("keys", lambda: audit_keys(settings, basin)),
        ("secrets", lambda: audit_secrets(settings)),
        ("loggers", lambda: audit_loggers(settings, basin)),
        ("disk", lambda: [audit_room(settings)]),
        ("databases", lambda: audit_databases(settings)),
        ("gateway", lambda: [audit_service(settings)]),
        ("broker", lambda: audit_broker(settings.broker, basin.code, settings.name, is_running(settings.journal))),
        ("certificates", lambda: audit_certificates(settings.broker, now_ms)),
        ("stores", lambda: audit_stores(settings, now_ms)),
        ("alerts", lambda: audit_alerts(settings, basin)),
        ("clock", lambda: audit_clock(basin, now_ms)),
    ]
    for what, look in steps:
        try:
            yield from look()
        except PermissionError as error:
            detail = f"{error.filename} may not be looked at by this user"
            yield problem(what, detail, "run this as the user that the gateway runs as, such as `sudo -u rivergauge`")
