"""The web application: which address shows what, and the headers that keep the page to itself."""

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.stores.store import Reader
from rivergauge.basin import Basin

from .access import Guard, TokenRequired
from .api import Api
from .headers import SecurityHeaders
from .monitoring import Monitored, Monitoring
from .pages import Pages

__all__ = ["create_app"]


def create_app(
    reader: Reader,
    basin: Basin,
    bulletin_folder: Path,
    now_ms: Callable[[], int],
    monitored: Monitored | None = None,
    guard: Guard | None = None,
    retention_days: int | None = None,
) -> Starlette:
    """Return the application; `reader` is called from several threads at once, `now_ms` tells every age.

    With `monitored` it answers /readyz and /metrics too; without `guard` it is open by any name. `retention_days` is
    told to people: how long the reader's store keeps what it has, None for ever.
    """
    pages = Pages(reader, basin, bulletin_folder, now_ms, retention_days)
    api = Api(reader, basin, now_ms)
    routes: list[BaseRoute] = []
    if monitored is not None:
        monitoring = Monitoring(monitored)
        routes = [Route("/readyz", monitoring.readyz), Route("/metrics", monitoring.metrics)]
    middleware = [Middleware(SecurityHeaders)]
    if guard is not None:
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=list(guard.hosts), www_redirect=False))
        if guard.token is not None:
            middleware.append(Middleware(TokenRequired, token=guard.token))
    return Starlette(
        routes=[
            *routes,
            Route("/", pages.overview),
            Route("/stations/{station}", pages.station),
            Route("/bulletins/{name}", pages.bulletin),
            Route("/api/stations", api.stations),
            Route("/api/observations", api.observations),
            Route("/api/observations.csv", api.observations_csv),
            Route("/healthz", api.healthz),
            Mount("/static", StaticFiles(packages=[("gateway.web", "static"), ("gateway.bulletin", "static")])),
        ],
        middleware=middleware,
        exception_handlers={404: pages.not_found},
    )
