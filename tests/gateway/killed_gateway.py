"""Gateways in processes of their own that end as by a power cut (SIGKILL), at a chosen step or whenever they are told.

    python -m tests.gateway.killed_gateway

reads one run per line (a pickled Run in base64), says `pid N` for it, and `ended STATUS` before it reads the next.
Each run is forked off this process, which has everything imported already.
"""

import base64
import mmap
import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.feeding import Feeder
from gateway.flagging import Flagging
from gateway.mqtt import Link
from gateway.post import Post
from gateway.reception import Reception
from gateway.service import Service
from gateway.settings import Settings
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.victoria_metrics import VictoriaStore
from rivergauge.basin import load_basin
from tests.fakes.publisher import NOW_MS

__all__ = ["STEPS", "Marks", "Run", "kill_at"]

# The stages of a message through the gateway, in order.
STEPS: dict[str, tuple[type, str]] = {
    "journal": (Reception, "_write"),
    "acknowledge": (Link, "acknowledge"),
    "store": (EmbeddedStore, "write"),
    "server": (VictoriaStore, "write_blocks"),
    "cursor": (Feeder, "_pass"),
    "flags": (Flagging, "step"),
    "publish": (Link, "publish"),
    "post": (Post, "step"),
}


@dataclass(frozen=True)
class Run:
    """One gateway; with a step it is killed at the `count`-th time that it begins ("before") or has ended ("after")."""

    settings: Settings
    basin: Path
    marks: Path
    step: str | None = None
    moment: str = "before"
    count: int = 0


class Marks:
    """How often each step began and ended, in a file that outlives the process that writes it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8 * len(STEPS)))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._lock = threading.Lock()  # both halves of a group may be handed to the server at once

    def clear(self) -> None:
        self._map[:] = bytes(len(self._map))

    def begin(self, step: str) -> None:
        self._add(step, 0)

    def end(self, step: str) -> None:
        self._add(step, 1)

    def begun(self, step: str) -> int:
        return self._read(step)[0]

    def in_progress(self) -> list[str]:
        """Return the steps that began and have not ended."""
        return [step for step in STEPS if self._read(step)[0] != self._read(step)[1]]

    def _read(self, step: str) -> tuple[int, int]:
        began, ended = struct.unpack_from("<II", self._map, 8 * list(STEPS).index(step))
        return began, ended

    def _add(self, step: str, which: int) -> None:
        at = 8 * list(STEPS).index(step) + 4 * which
        with self._lock:
            struct.pack_into("<I", self._map, at, struct.unpack_from("<I", self._map, at)[0] + 1)


def kill_at(step: str, moment: str, count: int) -> None:
    """Have this process killed at the `count`-th passage of a step."""
    passed = 0

    def begin() -> None:
        nonlocal passed
        passed += 1
        if passed == count and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)

    def end() -> None:
        if passed >= count:  # the other half of the group may have begun in between
            os.kill(os.getpid(), signal.SIGKILL)

    _wrap(step, begin, end)


def _wrap(step: str, begin: Callable[[], None], end: Callable[[], None]) -> None:
    owner, name = STEPS[step]
    original: Callable[..., Any] = getattr(owner, name)

    def stepping(*arguments: Any) -> Any:
        begin()
        result = original(*arguments)
        end()
        return result

    setattr(owner, name, stepping)


def _work(run: Run) -> None:
    marks = Marks(run.marks)
    for step in STEPS:
        _wrap(step, lambda step=step: marks.begin(step), lambda step=step: marks.end(step))
    if run.step is not None:
        kill_at(run.step, run.moment, run.count)
    service = Service(run.settings, load_basin(run.basin), now_ms=lambda: NOW_MS)
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    service.start()
    is_over.wait()
    service.stop()


def main() -> None:
    for line in sys.stdin:
        run = pickle.loads(base64.b64decode(line))
        pid = os.fork()
        if pid == 0:
            try:
                _work(run)
            finally:
                os._exit(1)
        print("pid", pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
