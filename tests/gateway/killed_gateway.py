"""A gateway that ends as by a power cut (SIGKILL) at a chosen step; `test_faults.py` runs it in a process of its own.

    python killed_gateway.py FOLDER BASIN PORT STEP MOMENT COUNT

kills at the COUNT-th time that STEP begins (MOMENT "before") or has ended ("after"); with STEP "none" it runs on.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.feeding import Feeder
from gateway.flagging import Flagging
from gateway.mqtt import Link
from gateway.post import Post
from gateway.reception import Reception
from gateway.service import Service
from gateway.settings import BrokerSettings, EmbeddedSettings, Settings
from gateway.stores.embedded import EmbeddedStore
from rivergauge.basin import load_basin
from tests.fakes.publisher import NOW_MS

# The stages of a message through the gateway, in order.
STEPS: dict[str, tuple[type, str]] = {
    "journal": (Reception, "_write"),
    "acknowledge": (Link, "acknowledge"),
    "store": (EmbeddedStore, "write"),
    "cursor": (Feeder, "_pass"),
    "flags": (Flagging, "step"),
    "publish": (Link, "publish"),
    "post": (Post, "step"),
}


def kill_at(step: str, moment: str, count: int) -> None:
    """Have the process killed at the `count`-th passage of a step."""
    owner, name = STEPS[step]
    original: Callable[..., Any] = getattr(owner, name)
    passed = 0

    def stepping(*arguments: Any) -> Any:
        nonlocal passed
        passed += 1
        is_here = passed == count
        if is_here and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments)
        if is_here:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, stepping)


def main() -> None:
    folder, basin, port, step, moment, count = sys.argv[1:]
    if step != "none":
        kill_at(step, moment, int(count))
    at = Path(folder)
    settings = Settings(
        name="gateway-1",
        basin=Path(basin),
        keys=at / "keys",
        journal=at / "journal.sqlite",
        bulletins=at / "bulletins",
        broker=BrokerSettings("127.0.0.1", int(port)),
        stores=(EmbeddedSettings("embedded", at / "observations.sqlite"),),
    )
    service = Service(settings, load_basin(basin), now_ms=lambda: NOW_MS)
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    service.start()
    is_over.wait()
    service.stop()


if __name__ == "__main__":
    main()
