"""One run of the demo, and what came of it."""

import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.bulletin import compose, write_bulletin
from gateway.observations import Flag
from gateway.stores.embedded import EmbeddedStore
from gateway.times import format_utc
from rivergauge.account import StationAccount
from rivergauge.rig import Rig

from .plan import Plan
from .screen import Screen

__all__ = ["run_demo"]

# So that what a demo stored can be read like what any gateway stored.
SETTINGS = """\
[gateway]
name = "rig"
basin = "basin.toml"
keys = "keys"
journal = "journal.sqlite"
bulletins = "bulletins"

[broker]
host = "127.0.0.1"
port = {port}

[[store]]
name = "embedded"
kind = "embedded"
path = "observations.sqlite"
"""


def run_demo(plan: Plan, folder: Path, speed: float | None, seconds: float | None, screen: Screen) -> dict[str, Any]:
    """Run until Ctrl-C, for so many seconds, or to the end of the period; return the summary, ready for JSON."""
    began_s = time.monotonic()
    with Rig(folder, plan.basin, plan.rivers, plan.from_ms, speed) as rig, _stop_after(seconds) as stop:
        url = rig.service.web_url
        screen.say(f"page: {url}   river: {plan.river_source}")
        shutil.copy(plan.basin_file, folder / "basin.toml")
        (folder / "gateway.toml").write_text(SETTINGS.format(port=rig.broker.port))
        rig.flash()
        with screen.watching(rig):
            # The instant `to_ms` itself is not in the period.
            rig.run_until(plan.to_ms - 1, stop)
            accounts = rig.finish(min(rig.clock.now_ms(), plan.to_ms - 1))
        store = EmbeddedStore(rig.observations)
        # A replayed period ends where it was asked to end; the clock stands a moment before.
        ends_ms = max(rig.clock.now_ms(), plan.to_ms) if not stop.is_set() else rig.clock.now_ms()
        flags = store.read_flags(None, rig.start_ms, ends_ms + 1)
        bulletin = compose(plan.basin, store, rig.start_ms, ends_ms, ends_ms)
        written = write_bulletin(bulletin, folder / "bulletins")
    return {
        "stations": [_station(account) for account in accounts],
        "records_measured": sum(account.scheduled for account in accounts),
        "records_stored": sum(account.stored for account in accounts),
        "records_lost": sum(len(account.lost_ms) + account.overwritten for account in accounts),
        "duplicates": rig.counts["records_duplicate"],
        "dead": rig.counts["records_dead"],
        "flags": [_flag(flag) for flag in flags],
        "max_abs_error_m": _worst(accounts),
        "exact": all(account.is_exact and account.stored == account.scheduled for account in accounts),
        "bulletin": str(written.html),
        "url": url,
        "river": plan.river_source,
        "synthetic": any(river.is_synthetic for river in plan.rivers.values()),
        "from": format_utc(rig.start_ms),
        "to": format_utc(ends_ms),
        "seconds": round(time.monotonic() - began_s, 1),
        "config": str(folder / "gateway.toml"),
    }


@contextmanager
def _stop_after(seconds: float | None) -> Iterator[threading.Event]:
    """Give an event that is set by Ctrl-C, by SIGTERM, or after so many seconds."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    timer = threading.Timer(seconds or 0, stop.set)
    timer.daemon = True
    if seconds is not None:
        timer.start()
    try:
        yield stop
    finally:
        timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _station(account: StationAccount) -> dict[str, Any]:
    return {
        "station": account.station,
        "records_measured": account.scheduled,
        "records_stored": account.stored,
        "records_without_stage": account.without_stage,
        "records_lost": len(account.lost_ms) + account.overwritten,
        "records_waiting": account.waiting,
        "stored_twice": len(account.stored_twice_ms),
        "max_abs_error_m": account.max_abs_error_m,
    }


def _flag(flag: Flag) -> dict[str, Any]:
    return {
        "station": flag.station,
        "threshold": flag.threshold,
        "kind": flag.kind,
        "variable": flag.variable,
        "state": flag.state,
        "first_detected_at": format_utc(flag.first_detected_at_ms),
        "raised_at": format_utc(flag.raised_at_ms),
        "cleared_at": None if flag.cleared_at_ms is None else format_utc(flag.cleared_at_ms),
        "peak": flag.peak,
        "peak_at": format_utc(flag.peak_at_ms),
        "raise_value": flag.raise_value,
        "source": flag.source,
    }


def _worst(accounts: Sequence[StationAccount]) -> float | None:
    return max((each.max_abs_error_m for each in accounts if each.max_abs_error_m is not None), default=None)
