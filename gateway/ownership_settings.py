"""The table [ownership] of gateway.toml: which stations are this gateway's, beside others on the same broker."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rivergauge.basin import ConfigurationError
from rivergauge.basin.document import Table
from rivergauge.basin.problems import Problem

__all__ = ["OwnershipSettings", "check_owned", "read_ownership"]

ID = r"[a-z0-9][a-z0-9-]{0,31}"


@dataclass(frozen=True)
class OwnershipSettings:
    """The stations that a gateway owns, None for all, and the gateways that it stands in for while they are gone."""

    own: tuple[str, ...] | None = None
    standby_for: tuple[str, ...] = ()


def read_ownership(root: Table) -> OwnershipSettings | None:
    """Return what the table says; None without one, where there is no other gateway."""
    if "ownership" not in root:
        return None
    table = root.take_table("ownership", "a table with own, standby_for or both")
    own = (
        table.take_texts("own", "a list of station ids, [] for none", ID, may_be_empty=True) if "own" in table else None
    )
    others = table.take_texts("standby_for", "a list of names of gateways", ID) if "standby_for" in table else []
    if others and own is None:
        table.note("own", "nothing", "the stations that this gateway owns, [] for none, since it stands by for others")
    table.refuse_unknown()
    return OwnershipSettings(None if own is None else tuple(own), tuple(others))


def check_owned(settings: OwnershipSettings, stations: Iterable[str], basin_file: Path) -> None:
    """Raise ConfigurationError where a station is owned that the basin file lacks: nobody would answer that one."""
    unknown = sorted(set(settings.own or ()) - set(stations))
    if unknown:
        expected = "every station that [ownership] own names in the gateway's settings"
        raise ConfigurationError([Problem(basin_file, None, "", f"no station {', '.join(unknown)}", expected)])
