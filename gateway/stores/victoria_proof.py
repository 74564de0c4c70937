"""Reads back from VictoriaMetrics what was sent: its 204 is no proof (docs/decisions/reading-back.md).

A record is there when its number stands at its time in the series `record_record_no` of its station.
"""

import json
from collections.abc import Iterable, Iterator, Sequence, Set

from gateway.stores.answers import VICTORIA_METRICS_MEANINGS, Answer, Meaning, meaning_of, stopped_by
from gateway.stores.http_server import HttpServer
from gateway.stores.store import Away, Parked, Sent, Unreadable

__all__ = ["Proof"]

# What is asked for at once: all that the stations of a request have in its span comes back, asked for or not.
SPAN_LIMIT_MS = 7 * 86_400_000
STATIONS_LIMIT = 200
ALL_TIMES_S = (0, 4_102_444_800)  # to the year 2100; without an end the server's own clock would be it
TAKEN = (200, 204)

Place = tuple[str, str]  # basin, station


class Proof:
    """Asks the server; never looks into anything but what the server itself would give to a reader."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server

    def flush(self) -> Away | Parked | None:
        """Have the server show what it has taken, which else takes a second or more; return what prevents it."""
        answer = self._server.post("/internal/force_flush", {}, b"")
        return None if answer.status in TAKEN else _unproven(answer, self._server.url)

    def missing(self, sent: Sequence[Sent]) -> list[list[int]] | Away | Parked:
        """Return for each of `sent` the numbers of the records that the server does not have."""
        stopped = self.flush()
        if stopped is not None:
            return stopped
        found: dict[Place, dict[int, float]] = {}
        for together in _requests(sent):
            wanted = _numbers_of(together[0].basin, {each.station for each in together})
            answer = self._export(wanted, min(each.times_ms[0] for each in together) / 1000,
                                  max(each.times_ms[-1] for each in together) / 1000)  # fmt: skip
            if answer.status != 200:
                return _unproven(answer, self._server.url)
            try:
                for place, numbers_by_ms in self._series(answer):
                    found.setdefault(place, {}).update(numbers_by_ms)
            except Unreadable as error:
                return Away(str(error))
        return [list(_lacking(each, found.get((each.basin, each.station), {}))) for each in sent]

    def read_records(self, basin: str, station: str, log_id: int, first_no: int, last_no: int) -> list[tuple[int, int]]:
        """Return (record number, time in ms) of the records of a log that are stored; raise Unreadable."""
        by_field: list[dict[int, float]] = []
        for field in ("log_id", "record_no"):
            answer = self._export(f'record_{field}{{basin="{basin}",station="{station}"}}', *ALL_TIMES_S)
            if answer.status != 200:
                raise Unreadable(f"{self._server.url}/api/v1/export answers {answer.status}: {answer.text}")
            by_field.append({at_ms: value for _, points in self._series(answer) for at_ms, value in points.items()})
        log_ids, numbers = by_field
        return [
            (int(number), at_ms)
            for at_ms, number in sorted(numbers.items())
            if log_ids.get(at_ms) == log_id and first_no <= number <= last_no
        ]

    def _export(self, match: str, from_s: float, to_s: float) -> Answer:
        return self._server.ask("/api/v1/export", {"match[]": match, "start": f"{from_s:.3f}", "end": f"{to_s:.3f}"})

    def _series(self, answer: Answer) -> Iterator[tuple[Place, dict[int, float]]]:
        """Yield place and {time in ms: value} of each series of an export; raise Unreadable."""
        try:
            for line in answer.body.splitlines():
                series = json.loads(line)
                place = series["metric"]["basin"], series["metric"]["station"]
                yield place, dict(zip(series["timestamps"], series["values"], strict=True))
        except (ValueError, KeyError, TypeError) as error:
            said = f"{self._server.url}/api/v1/export: {answer.text}"
            raise Unreadable(f"{said}; expected series as VictoriaMetrics exports them") from error


def _numbers_of(basin: str, stations: Iterable[str]) -> str:
    # Ids are of a-z, 0-9 and -, none of which a pattern or the quotes take for anything else.
    return f'record_record_no{{basin="{basin}",station=~"{"|".join(sorted(stations))}"}}'


def _requests(sent: Sequence[Sent]) -> Iterator[list[Sent]]:
    """Yield what can be asked for together: of one basin, close in time, of few stations."""
    together: list[Sent] = []
    stations: set[str] = set()
    for each in sorted(sent, key=lambda one: (one.basin, one.times_ms[0])):
        if together and not _fits(each, together[0], stations):
            yield together
            together, stations = [], set()
        together.append(each)
        stations.add(each.station)
    if together:
        yield together


def _fits(each: Sent, first: Sent, stations: Set[str]) -> bool:
    if each.basin != first.basin or each.times_ms[-1] - first.times_ms[0] > SPAN_LIMIT_MS:
        return False
    return each.station in stations or len(stations) < STATIONS_LIMIT


def _lacking(sent: Sent, numbers_by_ms: dict[int, float]) -> Iterator[int]:
    for number, at_ms in zip(sent.numbers, sent.times_ms, strict=True):
        if numbers_by_ms.get(at_ms) != number:
            yield number


def _unproven(answer: Answer, url: str) -> Away | Parked:
    """Return why it cannot be said what the server has: written again and asked again later, nothing is let go of."""
    meaning = meaning_of(answer, VICTORIA_METRICS_MEANINGS)
    if meaning in (Meaning.NARROW_DOWN, Meaning.NEEDS_PERSON):
        return Parked(f"{url} cannot be read back, it answers {answer.status}: {answer.text}; check url and password")
    return stopped_by(answer, meaning, url) or Away(f"{url} answers {answer.status} to being read back")
