"""What a benchmark tells: rows of figures, targets met or missed, and what must be known to read them."""

from dataclasses import dataclass, field

__all__ = ["Disagreement", "Report", "Row", "Target"]


class Disagreement(Exception):
    """Rows that do not do the same work; figures of them may not be compared."""


@dataclass(frozen=True)
class Row:
    """One thing measured at one batch size; `more` are columns that only some benchmarks have."""

    name: str
    batch: int
    ns_per_value: float
    messages_per_s: float
    bytes_per_value: float
    more: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "batch": self.batch,
            "ns_per_value": self.ns_per_value,
            "messages_per_s": self.messages_per_s,
            "bytes_per_value": self.bytes_per_value,
            **self.more,
        }


@dataclass(frozen=True)
class Target:
    """A figure to reach: at most `limit`, or at least where `is_least`."""

    what: str
    found: float
    limit: float
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.found >= self.limit if self.is_least else self.found <= self.limit


@dataclass(frozen=True)
class Report:
    """`notes` say what was measured and how; the listing compares each row with the first of the same batch."""

    title: str
    notes: list[str]
    rows: list[Row]
    targets: list[Target]
