"""A thread that works when there is work, and waits when there is none."""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable

from gateway.damage import Damaged
from gateway.log_lines import fields

__all__ = ["Worker"]

log = logging.getLogger(__name__)

AFTER_FAULT_S = 5.0


class Worker:
    """Calls `step` again and again in a thread of its own; a subclass says what a step is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_resting = False
        self._fault: str | None = None  # of the last step
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._errands: queue.SimpleQueue[tuple[Callable[[], None], threading.Event]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def trouble(self) -> str | None:
        """Why it cannot go on, None while it can."""
        has_died = self._thread.ident is not None and not self._thread.is_alive() and not self.is_stopping
        return "its thread has died" if has_died else self._fault

    def step(self) -> float | None:
        """Do one piece of work; return how many seconds to wait before the next, None to wait until woken."""
        raise NotImplementedError

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Have a step done soon, from any thread."""
        self._wake.set()

    def between_steps(self, errand: Callable[[], None]) -> threading.Event:
        """Have something done in this worker's thread before its next step; the event says that it is done."""
        is_done = threading.Event()
        self._errands.put((errand, is_done))
        self.wake()
        return is_done

    def stop(self) -> None:
        """Have no step begun any more; returns at once."""
        self._stopping.set()
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the step in hand; return False when it takes longer."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def rest(self, seconds: float) -> None:
        """Wait inside a step for what others have to put right, cut short by `stop`."""
        self.is_resting = True
        self._stopping.wait(seconds)
        self.is_resting = False

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._run_errands()
                wait_s = self.step()
                self._fault = None
            except (Damaged, sqlite3.OperationalError) as error:  # a disk that is full or torn: no fault of ours
                self._fault = str(error)
                log.error("%s cannot go on: %s", self.name, error, extra=fields(what=self.name))
                self.rest(AFTER_FAULT_S)
                continue
            except Exception as error:
                self._fault = repr(error)
                # A fault of ours in one stage must not silence the others; nothing is lost, the journal is not passed.
                log.exception("%s failed; it is tried again", self.name, extra=fields(what=self.name))
                self._stopping.wait(AFTER_FAULT_S)
                continue
            if wait_s != 0:
                self._wake.wait(wait_s)

    def _run_errands(self) -> None:
        while not self._errands.empty():
            errand, is_done = self._errands.get()
            errand()
            is_done.set()
