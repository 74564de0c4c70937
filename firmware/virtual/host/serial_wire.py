"""The wire between a serial port of a virtual station and the instruments on it."""

from collections.abc import Sequence

from firmware.virtual.host.console import Terminal
from firmware.virtual.sensors.instrument import Instrument

__all__ = ["SerialWire"]

# What the board's UART driver holds for a reader that is late; more is lost, as on a board.
RECEIVE_BUFFER_BYTES = 256
# Real time in which the host passes bytes that the station says it has written.
TERMINAL_TRANSIT_S = 5.0
BREAK = b"\x00"


class SerialWire:
    """One port and all that share its line; the station opens and closes its end, and the cable can be pulled out."""

    def __init__(self, instruments: Sequence[Instrument] = ()) -> None:
        self.cable_in = True
        self.emitted_bytes = 0  # since the port was opened
        self.overrun_bytes = 0
        self._instruments = list(instruments)
        self._frame = ""
        self._consumed_bytes = 0
        self._terminal: Terminal | None = None

    def connect(self, instrument: Instrument) -> None:
        self._instruments.append(instrument)

    def open(self, frame: str) -> str:
        """Return the path of a fresh terminal for the station's end: nothing from before is in it."""
        self.close()
        self._terminal = Terminal()
        self._frame = frame
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

    def take(self, count: int, now_ms: int) -> None:
        """Carry the bytes that the station begins to send now to all instruments."""
        assert self._terminal is not None
        data = self._terminal.read(count, TERMINAL_TRANSIT_S)
        baud = self._terminal.baud()
        ended_ms = now_ms + len(data) * _bits(self._frame) * 1000 / baud
        if not self.cable_in:
            return
        for instrument in self._instruments:
            if (baud, self._frame) == (instrument.baud, instrument.frame):
                instrument.receive(data, now_ms, ended_ms)
            elif data == BREAK and baud < instrument.baud:
                # All of a zero byte but its stop bit is a space.
                instrument.receive_break(now_ms, ended_ms - 1000 / baud)
            else:
                instrument.receive(_garbled(data), now_ms, ended_ms)

    def next_output_ms(self, after_ms: int) -> int | None:
        if self._terminal is None or not self.cable_in:
            return None
        times = [instrument.next_output_ms(after_ms) for instrument in self._instruments]
        return min((at_ms for at_ms in times if at_ms is not None), default=None)

    def emit(self, at_ms: int) -> None:
        """Put what the instruments say at this instant on the wire; at another speed or frame it arrives as garbage."""
        assert self._terminal is not None
        for instrument in self._instruments:
            if instrument.next_output_ms(at_ms - 1) != at_ms:
                continue
            data = instrument.output(at_ms)
            began_ms = at_ms - len(data) * _bits(instrument.frame) * 1000 / instrument.baud
            for other in self._instruments:
                if other is not instrument:
                    other.receive(data, began_ms, at_ms)
            is_heard = (self._terminal.baud(), self._frame) == (instrument.baud, instrument.frame)
            self._hand_over(data if is_heard else _garbled(data))

    def _hand_over(self, data: bytes) -> None:
        assert self._terminal is not None
        room = RECEIVE_BUFFER_BYTES - (self.emitted_bytes - self._consumed_bytes)
        self.overrun_bytes += max(0, len(data) - room)
        data = data[: max(0, room)]
        self._terminal.write(data)
        self.emitted_bytes += len(data)


def _bits(frame: str) -> int:
    """Return the bits of one character, start bit included, of a frame such as 7E1."""
    return 1 + int(frame[0]) + (frame[1] != "N") + int(frame[2])


def _garbled(data: bytes) -> bytes:
    return bytes((byte * 37 + 113) & 0xFF | 0x80 for byte in data)
