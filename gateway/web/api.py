"""The same numbers for programs: JSON and CSV."""

import csv
import io
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.bulletin import read_report
from gateway.bulletin.document import figure_document
from gateway.observation_rows import COLUMNS, Row, observation_rows
from gateway.stores.store import Reader
from gateway.times import format_utc, parse_utc_ms
from rivergauge.basin import Basin

from .pages import DAY_MS, OVERVIEW_DAYS

__all__ = ["Api"]

MOST_DAYS = 31  # of one answer, so that a request cannot fill the memory


class WrongQuery(ValueError):
    """The query cannot be answered; the message says what was found and expected."""


class Api:
    def __init__(self, reader: Reader, basin: Basin, now_ms: Callable[[], int]) -> None:
        self._reader = reader
        self._basin = basin
        self._now_ms = now_ms

    def stations(self, request: Request) -> Response:
        """Every station in downstream order, with its last values and raised flags."""
        now_ms = self._now_ms()
        from_ms = now_ms - OVERVIEW_DAYS * DAY_MS
        stations = []
        for station in self._basin.downstream_order():
            report = read_report(self._reader, station, from_ms, now_ms)
            stations.append(
                {
                    "id": station.id,
                    "names": dict(station.names),
                    "river": dict(station.river),
                    "country": station.country,
                    "latitude_deg": station.latitude_deg,
                    "longitude_deg": station.longitude_deg,
                    "stage": figure_document(report.stage),
                    "discharge": figure_document(report.discharge),
                    "is_stale": report.is_stale,
                    "flags": [each.flag.threshold for each in report.flags if each.flag.state == "raised"],
                }
            )
        return JSONResponse({"basin": self._basin.code, "now": format_utc(now_ms), "stations": stations})

    def observations(self, request: Request) -> Response:
        try:
            rows = self._rows(request)
        except WrongQuery as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"observations": rows})

    def observations_csv(self, request: Request) -> Response:
        try:
            rows = self._rows(request)
        except WrongQuery as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")  # RFC 4180
        writer.writeheader()
        writer.writerows(rows)
        name = f"{request.query_params['station']}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)

    async def healthz(self, request: Request) -> Response:
        """The process answers; whether it receives and stores is another question."""
        # In no thread of the pool, which others may be waiting in.
        return JSONResponse({"status": "ok"})

    def _rows(self, request: Request) -> list[Row]:
        query = request.query_params
        known = {station.id for station in self._basin.stations}
        if query.get("station") not in known:
            raise WrongQuery(f"station: found {query.get('station')!r}, expected one of {', '.join(sorted(known))}")
        to_ms = _time(query.get("to"), "to", self._now_ms())
        from_ms = _time(query.get("from"), "from", to_ms - DAY_MS)
        if not 0 < to_ms - from_ms <= MOST_DAYS * DAY_MS:
            raise WrongQuery(
                f"from, to: found {format_utc(from_ms)} to {format_utc(to_ms)}, "
                f"expected from before to, and at most {MOST_DAYS} days"
            )
        station = query["station"]
        return observation_rows(
            self._reader.read_observations(station, from_ms, to_ms),
            self._reader.read_revisions(station, from_ms, to_ms),
        )


def _time(text: str | None, name: str, default_ms: int) -> int:
    if text is None:
        return default_ms
    try:
        return parse_utc_ms(text)
    except ValueError as error:
        raise WrongQuery(f"{name}: {error}") from None
