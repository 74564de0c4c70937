"""What every simulated instrument on a serial line has in common."""

from typing import ClassVar

__all__ = ["AnsweringInstrument", "Instrument"]


class Instrument:
    """An instrument with a serial interface; times are bench time in Unix ms.

    `receive` is told of all bytes on its line that were not its own, whoever sent them: those of the station and of
    other instruments, as garbage where speed or frame are not those of this one.
    """

    baud: ClassVar[int] = 9600
    frame: ClassVar[str] = "8N1"

    def set_power(self, on: bool, at_ms: int) -> None:
        raise NotImplementedError

    def next_output_ms(self, after_ms: int) -> int | None:
        """Return when the next output is complete, later than `after_ms`; None when there will be none."""
        raise NotImplementedError

    def output(self, at_ms: int) -> bytes:
        """Return the bytes that are complete at an instant that `next_output_ms` gave."""
        raise NotImplementedError

    def receive(self, data: bytes, began_ms: float, ended_ms: float) -> None:
        """Hear bytes; an instrument that only talks has nothing to do."""

    def receive_break(self, began_ms: float, ended_ms: float) -> None:
        """Hear a line that was at space for longer than a character."""


class AnsweringInstrument(Instrument):
    """One that speaks when asked; `_say` queues its bytes, `fail` switches faults on."""

    faults: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self._failing: dict[str, int] = {}  # fault: how many answers it still spoils
        self._powered_at_ms: int | None = None
        self._outputs: list[tuple[int, bytes]] = []

    def set_power(self, on: bool, at_ms: int) -> None:
        if not on:
            self._powered_at_ms = None
            self._outputs.clear()
        elif self._powered_at_ms is None:
            self._powered_at_ms = at_ms

    def next_output_ms(self, after_ms: int) -> int | None:
        return min((at_ms for at_ms, _ in self._outputs if at_ms > after_ms), default=None)

    def output(self, at_ms: int) -> bytes:
        data = b"".join(data for due_ms, data in self._outputs if due_ms == at_ms)
        self._outputs = [(due_ms, data) for due_ms, data in self._outputs if due_ms > at_ms]
        return data

    def fail(self, fault: str, times: int = 1_000_000) -> None:
        """Spoil the next answers in one of the ways that `faults` names."""
        if fault not in self.faults:
            raise ValueError(f"no fault {fault!r}; expected one of {', '.join(self.faults)}")
        self._failing[fault] = times

    def _fails(self, fault: str) -> bool:
        left = self._failing.get(fault, 0)
        self._failing[fault] = max(0, left - 1)
        return left > 0

    def _say(self, data: bytes, at_ms: int) -> None:
        self._outputs.append((at_ms, data))
