"""The times of an SDI-12 sensor (SDI-12 standard, version 1.4, section 7), strict about breaks, marks and addresses.

What a recorder does wrong is not answered, and noted in `violations`. Several on one wire make a multi-drop line. The
wire carries ten bits for a character, 7E1 or 8N1 alike: with its parity, or a byte of a packet.
"""

from math import ceil

from firmware.virtual.sensors.instrument import AnsweringInstrument
from firmware.virtual.sensors.sdi12_encoding import crc_characters, even, plain

__all__ = ["Sdi12Interface"]

CHARACTER_MS = 10_000 / 1200
SHORTEST_BREAK_MS = 12.0
MARK_AFTER_BREAK_MS = 8.33
LONGEST_MARK_MS = 87.0  # before a command without a break
FALLS_ASLEEP_MS = 100.0
BETWEEN_TRIES_MS = 16.67
ANSWERS_AFTER_MS = 9


class Sdi12Interface(AnsweringInstrument):
    """What hears commands and speaks; a sensor of it says what to `_answer`, and what a break does `_interrupt`."""

    baud = 1200
    frame = "8N1"

    def __init__(self, address: str, wakes_in_ms: float) -> None:
        super().__init__()
        self.address = address
        self.wakes_in_ms = wakes_in_ms
        self.violations: list[str] = []
        self.commands: list[tuple[str, float]] = []  # those heard in full, and when each began
        self.breaks_ms: list[float] = []  # how long each break was
        self._is_listening = False
        self._break_ended_ms = 0.0
        self._needs_mark = False
        self._is_waiting_for_try = False  # the last command was not answered, or not as it should
        self._marking_since_ms = 0.0
        self._deaf_until_ms = 0.0

    def _answer(self, body: str, at_ms: float) -> None:
        """Answer a command, whose address and exclamation mark are taken off; what is unknown is not answered."""
        raise NotImplementedError

    def _interrupt(self, at_ms: float) -> None:
        """Give up what a break ends."""
        raise NotImplementedError

    def receive_break(self, began_ms: float, ended_ms: float) -> None:
        self.breaks_ms.append(ended_ms - began_ms)
        if ended_ms - began_ms < SHORTEST_BREAK_MS:
            self.violations.append(f"a break of {ended_ms - began_ms:.1f} ms")
            return
        self._interrupt(began_ms)
        self._is_listening = self._needs_mark = True
        self._break_ended_ms = self._marking_since_ms = ended_ms

    def receive(self, data: bytes, began_ms: float, ended_ms: float) -> None:
        marked_ms = began_ms - self._marking_since_ms
        self._marking_since_ms = ended_ms
        is_listening = self._is_listening and began_ms >= self._break_ended_ms + self.wakes_in_ms
        command = plain(data)
        if self._powered_at_ms is None or command is None or not command.endswith("!"):
            return  # another sensor's answer, or noise
        if self._needs_mark and marked_ms < MARK_AFTER_BREAK_MS:
            self.violations.append(f"{marked_ms:.1f} ms of mark after a break")
            return
        limit_ms = FALLS_ASLEEP_MS if self._needs_mark else LONGEST_MARK_MS
        if self._is_listening and marked_ms > limit_ms:
            self.violations.append(f"a command after {marked_ms:.1f} ms of mark")
            is_listening = self._is_listening = False
        if self._is_listening and not self._needs_mark and self._is_waiting_for_try and marked_ms < BETWEEN_TRIES_MS:
            self.violations.append(f"a try after {marked_ms:.1f} ms")
        if not is_listening or began_ms < self._deaf_until_ms:
            return
        self._needs_mark = False
        if command[0] not in (self.address, "?"):
            self._is_listening = False  # until the next break
            return
        self.commands.append((command, began_ms))
        self._is_waiting_for_try = self._fails("silent")
        if not self._is_waiting_for_try:
            self._answer(command[1:-1], ended_ms)

    def output(self, at_ms: int) -> bytes:
        self._marking_since_ms = at_ms
        return super().output(at_ms)

    def _speak(self, text: str, after_ms: float, with_crc: bool = False) -> float:
        """Answer with the address and a text; return when the last character is out."""
        text = self.address + text
        if with_crc:
            is_wrong = self._fails("crc")
            text += "@@@" if is_wrong else crc_characters(text)
            self._is_waiting_for_try |= is_wrong
        if self._fails("garbage"):
            text = "\x7f" * len(text)
            self._is_waiting_for_try = True
        data = even(text + "\r\n")
        if self._fails("parity"):
            data = bytes((data[0] ^ 0x80,)) + data[1:]
            self._is_waiting_for_try = True
        return self._transmit(data, after_ms)

    def _transmit(self, data: bytes, after_ms: float) -> float:
        """Put bytes on the line, one by one; return when the last one is out."""
        said_ms = after_ms + ANSWERS_AFTER_MS
        for byte in data:
            said_ms += CHARACTER_MS
            self._say(bytes((byte,)), ceil(said_ms))
        return said_ms
