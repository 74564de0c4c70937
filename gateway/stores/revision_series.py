"""What was derived from records, series by series as VictoriaMetrics imports it: the points that its lines would be."""

import json
from collections.abc import Iterable, Iterator

from gateway.observations import Revision

__all__ = ["revision_series"]

Key = tuple[str, str, int, str, str, int, str]  # basin, station, sensor, rule, rating, revision number, variable


def revision_series(revisions: Iterable[Revision]) -> bytes:
    """Return one line of JSON for each series (/api/v1/import)."""
    together: dict[Key, list[Revision]] = {}
    for each in revisions:
        key = (each.basin, each.station, each.sensor, each.rule, each.rating, each.revision_no, each.variable)
        together.setdefault(key, []).append(each)
    return "".join(line for key, its_revisions in together.items() for line in _lines(key, its_revisions)).encode()


def _lines(key: Key, revisions: list[Revision]) -> Iterator[str]:
    basin, station, sensor, rule, rating, revision_no, variable = key
    # A backslash at the end of a tag is no part of it in line protocol, and so not here.
    labels = {
        "basin": basin,
        "station": station,
        "sensor": str(sensor),
        "rule": rule.rstrip("\\"),
        "rating": rating.rstrip("\\"),
        "revision": str(revision_no),
    }
    present = [each for each in revisions if each.value is not None]
    if present:
        yield _line(f"revision_{variable}", labels, [(each.value, each.observed_at_ms) for each in present])
    yield _line(f"revision_{variable}_quality", labels, [(each.quality, each.observed_at_ms) for each in revisions])
    yield _line("revision_test", labels, [(int(each.test), each.observed_at_ms) for each in revisions])


def _line(name: str, labels: dict[str, str], points: list[tuple[float | None, int]]) -> str:
    values, times_ms = zip(*points, strict=True)
    said = {"metric": {"__name__": name} | labels, "values": values, "timestamps": times_ms}
    return json.dumps(said, separators=(",", ":")) + "\n"
