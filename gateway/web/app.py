"""The web application: which address shows what, and the headers that keep the page to itself."""

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.stores.store import Reader
from rivergauge.basin import Basin

from .api import Api
from .headers import SecurityHeaders
from .pages import Pages

__all__ = ["create_app"]


def create_app(reader: Reader, basin: Basin, bulletin_folder: Path, now_ms: Callable[[], int]) -> Starlette:
    """Return the application; `reader` is called from several threads at once, `now_ms` tells every age."""
    pages = Pages(reader, basin, bulletin_folder, now_ms)
    api = Api(reader, basin, now_ms)
    return Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/stations/{station}", pages.station),
            Route("/bulletins/{name}", pages.bulletin),
            Route("/api/stations", api.stations),
            Route("/api/observations", api.observations),
            Route("/api/observations.csv", api.observations_csv),
            Route("/healthz", api.healthz),
            Mount("/static", StaticFiles(packages=[("gateway.web", "static"), ("gateway.bulletin", "static")])),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={404: pages.not_found},
    )
