"""`rivergauge station monitor` and what `commission` waits for: a record that was measured, sent and receipted."""

import contextlib
import re
from typing import Annotated

import typer

from firmware.flash import Console
from rivergauge.basin import Sampling
from rivergauge.station_options import blamed

__all__ = ["await_first_record", "monitor"]

# What the firmware says at the end of each wake (firmware/station/app.py).
WAKE = re.compile(r"wake: next record (\d+), oldest unreceipted (\d+)")
INTERVALS = 2  # from the first wake, which may be just after an instant
START_S = 120  # to start, join the network and wait for a receipt


def monitor(
    port: Annotated[str, typer.Option(help="The board's serial port, such as /dev/ttyUSB0.")],
    seconds: Annotated[float | None, typer.Option(min=0, help="For how long; without end if not given.")] = None,
) -> None:
    """Show what a station says on its console, at the end of each wake and when something fails; Ctrl-C ends it.

    Example: rivergauge station monitor --port /dev/ttyUSB0
    """
    with contextlib.suppress(KeyboardInterrupt), blamed(), Console(port) as console:
        typer.echo(f"{port}: listening; a station that sleeps says nothing until it wakes", err=True)
        for line in console.lines(seconds):
            typer.echo(line)


def await_first_record(console: Console, sampling: Sampling) -> int | None:
    """Show what the station says until a record of these wakes has its receipt; return its number, or None."""
    limit_s = INTERVALS * sampling.send_every_s + START_S
    typer.echo(f"listening until a record is receipted, for {-(-limit_s // 60)} min at most")
    first_next_no = None
    for line in console.lines(limit_s):
        typer.echo(line)
        found = WAKE.match(line)
        if found is None:
            continue
        next_no, oldest_no = int(found[1]), int(found[2])
        if first_next_no is None:
            first_next_no = next_no
        elif next_no > first_next_no and oldest_no == next_no:
            return next_no - 1
    return None
