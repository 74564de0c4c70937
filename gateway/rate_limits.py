"""The table [limits] of gateway.toml: what one station may send."""

from dataclasses import dataclass

from rivergauge.basin.document import Table

__all__ = ["DEFAULT_LIMITS", "RateLimits", "read_limits"]

# About a tenth of what a gateway takes on two cores, and far above a station that sends all of its queue: 30 days of
# records each minute are 43,200 records in fewer than 100 messages.
MESSAGES_PER_MINUTE, RECORDS_PER_MINUTE = 60_000, 1_000_000
LOWEST, HIGHEST = 60, 10_000_000


@dataclass(frozen=True)
class RateLimits:
    """What is taken of one station within a minute."""

    messages_per_minute: int = MESSAGES_PER_MINUTE
    records_per_minute: int = RECORDS_PER_MINUTE


DEFAULT_LIMITS = RateLimits()


def read_limits(root: Table) -> RateLimits:
    """Return what the table says, and what it does not say as it is without one."""
    if "limits" not in root:
        return DEFAULT_LIMITS
    table = root.take_table("limits", "a table with messages_per_minute, records_per_minute or both")
    limits = RateLimits(
        _limit(table, "messages_per_minute", MESSAGES_PER_MINUTE),
        _limit(table, "records_per_minute", RECORDS_PER_MINUTE),
    )
    table.refuse_unknown()
    return limits


def _limit(table: Table, key: str, otherwise: int) -> int:
    return table.take_integer(key, LOWEST, HIGHEST, "a minute") if key in table else otherwise
