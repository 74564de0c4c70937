"""The wire between a serial port of a virtual station and an instrument."""

from typing import Protocol

from firmware.virtual.host.console import Terminal

__all__ = ["Instrument", "SerialWire"]

# What the board's UART driver holds for a reader that is late; more is lost, as on a board.
RECEIVE_BUFFER_BYTES = 256


class Instrument(Protocol):
    """A simulated instrument; times are bench time in Unix ms."""

    baud: int

    def set_power(self, on: bool, at_ms: int) -> None: ...

    def next_output_ms(self, after_ms: int) -> int | None:
        """Return when the next output is complete, later than `after_ms`; None when there will be none."""

    def output(self, at_ms: int) -> bytes: ...


class SerialWire:
    """One port; the station opens and closes its end, and the cable can be pulled out."""

    def __init__(self, instrument: Instrument | None) -> None:
        self.instrument = instrument
        self.cable_in = True
        self.emitted_bytes = 0  # since the port was opened
        self.overrun_bytes = 0
        self._consumed_bytes = 0
        self._terminal: Terminal | None = None

    def open(self) -> str:
        """Return the path of a fresh terminal for the station's end: nothing from before is in it."""
        self.close()
        self._terminal = Terminal()
        self.emitted_bytes = self._consumed_bytes = 0
        return self._terminal.path

    def close(self) -> None:
        if self._terminal is not None:
            self._terminal.close()
            self._terminal = None

    def note_consumed(self, consumed_bytes: int) -> bool:
        """Take the reader's count; return whether bytes are waiting for it."""
        self._consumed_bytes = consumed_bytes
        return self.emitted_bytes > consumed_bytes

    def next_output_ms(self, after_ms: int) -> int | None:
        if self._terminal is None or self.instrument is None or not self.cable_in:
            return None
        return self.instrument.next_output_ms(after_ms)

    def emit(self, at_ms: int) -> None:
        """Put the instrument's output at this instant on the wire; at a speed not its own it arrives as garbage."""
        assert self._terminal is not None and self.instrument is not None
        data = self.instrument.output(at_ms)
        if self._terminal.baud() != self.instrument.baud:
            data = bytes((byte * 37 + 113) & 0xFF | 0x80 for byte in data)
        room = RECEIVE_BUFFER_BYTES - (self.emitted_bytes - self._consumed_bytes)
        self.overrun_bytes += max(0, len(data) - room)
        data = data[: max(0, room)]
        self._terminal.write(data)
        self.emitted_bytes += len(data)
