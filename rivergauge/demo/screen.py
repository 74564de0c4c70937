"""What a person sees of the demo: a live table while it runs, a summary after it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.stores.embedded import EmbeddedStore
from gateway.times import format_utc
from rivergauge.account import due_instants_ms
from rivergauge.rig import Rig

__all__ = ["Screen"]

REFRESHES_PER_S = 4
UNITS = {"stage_m": "m", "discharge_m3_s": "m3/s"}
TABLE_EVERY_S = 5.0  # where there is no terminal to redraw
HEADINGS = ("station", "stage m", "measured", "queued", "stored", "flags")
NUMBERS = HEADINGS[1:5]
LATEST_WITHIN_MS = 86_400_000


class Screen:
    """Prints to the console; a quiet one prints nothing."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    @contextmanager
    def watching(self, rig: Rig) -> Iterator[None]:
        """Show the table while the block runs: live in a terminal, else again and again."""
        view = _View(rig)
        if self._console.quiet:
            yield
        elif self._console.is_terminal:
            with Live(console=self._console, get_renderable=view.render, refresh_per_second=REFRESHES_PER_S):
                yield
        else:
            with _every(TABLE_EVERY_S, lambda: self._console.print(view.render())):
                yield
            self._console.print(view.render())

    def summary(self, summary: dict[str, Any]) -> None:
        error_m = summary["max_abs_error_m"]
        lines = [
            f"{summary['from']} to {summary['to']}, {summary['seconds']} s of your time"
            + (", SYNTHETIC river: invented, not measured" if summary["synthetic"] else f", river: {summary['river']}"),
            f"records measured {summary['records_measured']}, stored {summary['records_stored']},"
            f" lost {summary['records_lost']}, duplicates {summary['duplicates']}, dead letters {summary['dead']}",
            "largest error of a stored stage: "
            + ("none to compare" if error_m is None else f"{error_m * 1000:.2f} mm"),
            *(_flag_line(flag) for flag in summary["flags"]),
            f"bulletin: {summary['bulletin']}",
            f"read what was stored: rivergauge observations --config {summary['config']} --station"
            f" {summary['stations'][0]['station']} --from {summary['from']} --to {summary['to']}",
        ]
        for line in lines:
            self.say(line)
        if not summary["exact"]:
            self.say("NOT every record that was due was stored exactly once.")


class _View:
    """The table, read from the store each time: what people see is what was stored."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._store = EmbeddedStore(rig.observations)

    def render(self) -> Group:
        rig, now_ms = self._rig, self._rig.clock.now_ms()
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in HEADINGS:
            table.add_column(heading, justify="right" if heading in NUMBERS else "left")
        flags = [flag for flag in self._store.read_flags(None, rig.start_ms, now_ms + 1) if flag.state == "raised"]
        for station in rig.basin.stations:
            measured = len(due_instants_ms(rig.start_ms, now_ms, station.sampling.record_every_s))
            stored = self._store.count_records(station.id, rig.start_ms, now_ms + 1)
            table.add_row(
                station.id,
                self._latest_stage(station.id, now_ms),
                str(measured),
                str(max(0, measured - stored)),
                str(stored),
                ", ".join(flag.threshold for flag in flags if flag.station == station.id),
            )
        return Group(Text(f"river time {format_utc(now_ms // 1000 * 1000)}"), table)

    def _latest_stage(self, station: str, now_ms: int) -> str:
        observations = self._store.read_observations(station, now_ms - LATEST_WITHIN_MS, now_ms + 1)
        stages_m = [each.value for each in observations if each.variable == "stage_m" and each.value is not None]
        return f"{stages_m[-1]:.3f}" if stages_m else "-"


@contextmanager
def _every(seconds: float, show: Callable[[], None]) -> Iterator[None]:
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(seconds):
            show()

    thread = threading.Thread(target=repeat, name="table", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _flag_line(flag: dict[str, Any]) -> str:
    ended = f", cleared {flag['cleared_at']}" if flag["cleared_at"] else ", still raised"
    unit = UNITS.get(flag["variable"], "") + ("/h" if flag["kind"] == "rise_rate" else "")
    return (
        f"flag {flag['threshold']} at {flag['station']}: first detected {flag['first_detected_at']},"
        f" peak {flag['peak']:.2f} {unit} at {flag['peak_at']}{ended}"
    )
