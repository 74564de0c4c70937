"""The pages people read.

Handlers are plain functions: starlette runs them in threads, where reading a store may wait.
"""

from collections.abc import Callable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from gateway.bulletin import list_bulletins, read_report
from gateway.bulletin.charts import NARROW, SMALL, WIDE, draw_discharge, draw_stage
from gateway.bulletin.templates import template_environment
from gateway.stores.store import Reader
from gateway.times import format_utc
from rivergauge.basin import Basin, Station

from .headers import BULLETIN_POLICY

__all__ = ["DAY_MS", "Pages"]

DAY_MS = 86_400_000
OVERVIEW_DAYS = 7  # how far back the overview looks for a last value
CHART_DAYS = 1
PERIODS_DAYS = (1, 7, 30)


class Pages:
    def __init__(
        self,
        reader: Reader,
        basin: Basin,
        bulletin_folder: Path,
        now_ms: Callable[[], int],
        retention_days: int | None = None,
    ) -> None:
        self._reader = reader
        self._basin = basin
        self._bulletin_folder = bulletin_folder
        self._now_ms = now_ms
        self._templates = template_environment("gateway.web")
        self._templates.globals |= {
            "basin": basin,
            "language": basin.languages[0],
            "retention_days": retention_days,
        }

    def overview(self, request: Request) -> Response:
        now_ms = self._now_ms()
        stations = self._basin.downstream_order()
        reports = {
            each.id: read_report(self._reader, each, now_ms - OVERVIEW_DAYS * DAY_MS, now_ms) for each in stations
        }
        drawings = {
            each.id: draw_stage(each, reports[each.id], now_ms - CHART_DAYS * DAY_MS, now_ms, SMALL)
            for each in stations
        }
        return self._page("overview.html", stations=stations, reports=reports, drawings=drawings, now_ms=now_ms)

    def station(self, request: Request) -> Response:
        station = self._station(request.path_params["station"])
        days_text = request.query_params.get("days", str(CHART_DAYS))
        if days_text not in map(str, PERIODS_DAYS):
            raise HTTPException(404)
        days = int(days_text)
        now_ms = self._now_ms()
        from_ms = now_ms - days * DAY_MS
        report = read_report(self._reader, station, from_ms, now_ms)
        charts = []
        for variable, title, unit, draw in (
            ("stage", "Stage", "m over gauge zero", draw_stage),
            ("discharge", "Discharge, rated", "m³/s", draw_discharge),
        ):
            sizes = {"wide": WIDE, "narrow": NARROW}
            drawings = {name: draw(station, report, from_ms, now_ms, size) for name, size in sizes.items()}
            charts.append({"id": variable, "title": title, "unit": unit, "drawings": drawings})
        if station.rating is None:
            charts.pop()
        return self._page(
            "station.html",
            station=station,
            report=report,
            charts=charts,
            days=days,
            periods=PERIODS_DAYS,
            now_ms=now_ms,
            csv_query={"station": station.id, "from": format_utc(from_ms), "to": format_utc(now_ms)},
        )

    def bulletin(self, request: Request) -> Response:
        # Only a name that was listed is opened: what the address says never becomes a path.
        name = request.path_params["name"]
        for issued in list_bulletins(self._bulletin_folder):
            for path in (issued.paths.html, issued.paths.json):
                if path.name == name and path.is_file():
                    return FileResponse(path, headers={"Content-Security-Policy": BULLETIN_POLICY})
        raise HTTPException(404)

    def not_found(self, request: Request, error: Exception) -> Response:
        return HTMLResponse(self._render("not_found.html"), status_code=404)

    def _station(self, station_id: str) -> Station:
        try:
            return self._basin.station(station_id)
        except KeyError:
            raise HTTPException(404) from None

    def _page(self, name: str, **values: object) -> Response:
        bulletins = list_bulletins(self._bulletin_folder)
        return HTMLResponse(self._render(name, bulletin=bulletins[0] if bulletins else None, **values))

    def _render(self, name: str, **values: object) -> str:
        return self._templates.get_template(name).render(**values)
