"""OpenMetrics 1.0 text: a pure function of numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["CONTENT_TYPE", "COUNTER", "GAUGE", "Family", "Sample", "format_metrics"]

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
COUNTER, GAUGE = "counter", "gauge"
PREFIX = "rivergauge_"
ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True)
class Sample:
    """A number and the (label, value) pairs that tell it from others of its family."""

    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Family:
    """Samples of one kind. A counter never falls but when the journal is a new one; `unit` ends the name."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]
    unit: str = ""


def format_metrics(families: Iterable[Family]) -> str:
    """Return the text that a scrape is answered with."""
    lines: list[str] = []
    for family in families:
        name = PREFIX + family.name
        lines.append(f"# TYPE {name} {family.kind}")
        if family.unit:
            lines.append(f"# UNIT {name} {family.unit}")
        lines.append(f"# HELP {name} {family.help.translate(ESCAPES)}")
        suffix = "_total" if family.kind == COUNTER else ""
        lines += [f"{name}{suffix}{_labels(sample)} {sample.value}" for sample in family.samples]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _labels(sample: Sample) -> str:
    pairs = [f'{name}="{value.translate(ESCAPES)}"' for name, value in sample.labels]
    return f"{{{','.join(pairs)}}}" if pairs else ""
