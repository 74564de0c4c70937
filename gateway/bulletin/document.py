"""A bulletin as JSON: the same numbers as the page, each with its provenance."""

import json
from dataclasses import asdict
from typing import Any

from gateway.times import format_utc

from .model import Bulletin, Figure, FlagReport, Provenance, StationReport
from .words import QUALITY_WORDS, UNITS

__all__ = ["FORMAT", "figure_document", "render_json"]

FORMAT = "rivergauge-bulletin"
VERSION = 1


def render_json(bulletin: Bulletin) -> str:
    document = {
        "format": FORMAT,
        "version": VERSION,
        "identifier": bulletin.identifier,
        "basin": bulletin.basin.code,
        "names": dict(bulletin.basin.names),
        "notice": dict(bulletin.basin.notice),
        "from": format_utc(bulletin.from_ms),
        "to": format_utc(bulletin.to_ms),
        "issued_at": format_utc(bulletin.issued_at_ms),
        "states": [
            {
                "code": state.code,
                "names": dict(state.names),
                "stations": [_station(bulletin, report) for report in state.reports],
            }
            for state in bulletin.states
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _station(bulletin: Bulletin, report: StationReport) -> dict[str, Any]:
    station = bulletin.basin.station(report.station)
    return {
        "id": station.id,
        "names": dict(station.names),
        "river": dict(station.river),
        "gauge_datum": asdict(station.gauge_datum),
        "rating_source": station.rating_source or None,
        "is_stale": report.is_stale,
        "stage": figure_document(report.stage),
        "discharge": figure_document(report.discharge),
        "completeness": {
            "due": report.completeness.due,
            "stored": report.completeness.stored,
            "usable": report.completeness.usable,
            "percent": report.completeness.percent,
        },
        "flags": [_flag(each) for each in report.flags],
    }


def figure_document(figure: Figure | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    return {
        "variable": figure.variable,
        "value": figure.value,
        "unit": UNITS[figure.variable],
        "quality": figure.quality,
        "quality_word": QUALITY_WORDS[figure.quality],
        "observed_at": format_utc(figure.observed_at_ms),
        "provenance": _provenance(figure.provenance),
    }


def _flag(report: FlagReport) -> dict[str, Any]:
    flag = report.flag
    return {
        "threshold": flag.threshold,
        "kind": flag.kind,
        "variable": flag.variable,
        "direction": flag.direction,
        "state": flag.state,
        "first_detected_at": format_utc(flag.first_detected_at_ms),
        "raised_at": format_utc(flag.raised_at_ms),
        "cleared_at": None if flag.cleared_at_ms is None else format_utc(flag.cleared_at_ms),
        "peak": flag.peak,
        "peak_at": format_utc(flag.peak_at_ms),
        "peak_provenance": _provenance(report.peak) if report.peak else None,
        "raise_value": flag.raise_value,
        "clear_value": flag.clear_value,
        "unit": UNITS[flag.variable] + ("/h" if flag.kind == "rise_rate" else ""),
        "source": flag.source,
    }


def _provenance(provenance: Provenance) -> dict[str, Any]:
    values = asdict(provenance)
    values["received_at"] = format_utc(values.pop("received_at_ms"))
    return values
