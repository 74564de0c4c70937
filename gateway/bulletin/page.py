"""A bulletin as one HTML page that needs nothing beside it."""

from dataclasses import dataclass
from importlib.resources import files

from .charts import SMALL, draw_stage
from .model import Bulletin, Provenance, StationReport
from .templates import template_environment
from .words import QUALITY_WORDS, UNITS

__all__ = ["render_html"]


@dataclass(frozen=True, slots=True)
class Row:
    """One number of the table that tells where the numbers come from."""

    name: str
    variable: str
    value: float
    unit: str
    quality: str
    rule: str
    provenance: Provenance | None


def render_html(bulletin: Bulletin) -> str:
    """Return the page; it prints on A4."""
    template = template_environment().get_template("bulletin.html")
    reports = [report for state in bulletin.states for report in state.reports]
    return template.render(
        bulletin=bulletin,
        basin=bulletin.basin,
        language=bulletin.basin.languages[0],
        reports=reports,
        provenance_rows=_provenance_rows,
        flags=[each for report in reports for each in report.flags],
        until_ms=min(bulletin.to_ms, bulletin.issued_at_ms),
        drawings={
            report.station: draw_stage(
                bulletin.basin.station(report.station), report, bulletin.from_ms, bulletin.to_ms, SMALL
            )
            for report in reports
        },
        style=(files(__package__) / "static" / "style.css").read_text(encoding="utf-8"),
    )


def _provenance_rows(report: StationReport) -> list[Row]:
    rows = [
        Row(
            name=name,
            variable=figure.variable,
            value=figure.value,
            unit=UNITS[figure.variable],
            quality=QUALITY_WORDS[figure.quality],
            rule="measured",
            provenance=figure.provenance,
        )
        for name, figure in (("last stage", report.stage), ("last discharge", report.discharge))
        if figure is not None
    ]
    for each in report.flags:
        is_rate = each.flag.kind == "rise_rate"
        rows.append(
            Row(
                name=f"peak of {each.flag.threshold}",
                variable=each.flag.variable,
                value=each.flag.peak,
                unit=UNITS[each.flag.variable] + ("/h" if is_rate else ""),
                quality="",
                rule="change per hour up to this record" if is_rate else "measured",
                provenance=each.peak,
            )
        )
    return rows
