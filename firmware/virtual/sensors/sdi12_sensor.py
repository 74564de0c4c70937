"""An SDI-12 sensor (SDI-12 standard, version 1.4), strict about breaks, marks and commands that are not its own.

What a recorder does wrong is not answered, and noted in `violations`. Several on one wire make a multi-drop line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from firmware.virtual.sensors.instrument import AnsweringInstrument

__all__ = ["Sdi12Sensor", "ValueDescription", "crc_characters"]

CHARACTER_MS = 10_000 / 1200
SHORTEST_BREAK_MS = 12.0
NO_BREAK_MS = 6.5
MARK_AFTER_BREAK_MS = 8.33
LONGEST_MARK_MS = 87.0  # before a command without a break
FALLS_ASLEEP_MS = 100.0
BETWEEN_TRIES_MS = 16.67
ANSWERS_AFTER_MS = 9
EARLY_REQUEST_MS = 400  # a service request may come before the seconds that were told are over
LATE_REQUEST_MS = 400  # and must not come after them
CONCURRENT_CHARACTERS = 75
CHARACTERS = 35
PAGES = 10


@dataclass(frozen=True)
class ValueDescription:
    shef_code: str
    unit: str


@dataclass
class Measurement:
    """What was started last: `values` are there from `ready_ms` on; None once it was broken off."""

    kind: str
    with_crc: bool
    ready_ms: float
    pages: list[str] | None


class Sdi12Sensor(AnsweringInstrument):
    """`identification` is what follows the address in the answer to aI!; `measure(at_ms)` gives the values as texts."""

    baud = 1200
    frame = "7E1"
    faults = ("silent", "crc", "garbage", "no-request", "late-request", "no-crc", "no-concurrent", "abort")

    def __init__(
        self,
        address: str,
        identification: str,
        measure: Callable[[int], list[str]],
        seconds: int,
        descriptions: tuple[ValueDescription, ...],
        wakes_in_ms: float = 0.0,
    ) -> None:
        super().__init__()
        self.address = address
        self.violations: list[str] = []
        self.commands: list[tuple[str, float]] = []  # those heard in full, and when each began
        self.breaks_ms: list[float] = []  # how long each break was
        self._identification = identification
        self.measure = measure
        self._seconds = seconds
        self._descriptions = descriptions
        self.wakes_in_ms = wakes_in_ms
        self._is_listening = False
        self._break_ended_ms = 0.0
        self._needs_mark = False
        self._is_waiting_for_try = False  # the last command was not answered, or not as it should
        self._marking_since_ms = 0.0
        self._measurement: Measurement | None = None

    def receive_break(self, began_ms: float, ended_ms: float) -> None:
        self.breaks_ms.append(ended_ms - began_ms)
        if ended_ms - began_ms < SHORTEST_BREAK_MS:
            self.violations.append(f"a break of {ended_ms - began_ms:.1f} ms")
            return
        if self._is_measuring("M", began_ms) or self._is_measuring("V", began_ms):
            self._break_off()
        self._is_listening = self._needs_mark = True
        self._break_ended_ms = self._marking_since_ms = ended_ms

    def receive(self, data: bytes, began_ms: float, ended_ms: float) -> None:
        marked_ms = began_ms - self._marking_since_ms
        self._marking_since_ms = ended_ms
        is_listening = self._is_listening and began_ms >= self._break_ended_ms + self.wakes_in_ms
        if self._powered_at_ms is None or not data.endswith(b"!"):
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
        if not is_listening:
            return
        self._needs_mark = False
        command = data.decode("ascii", "replace")
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

    def _answer(self, body: str, at_ms: float) -> None:
        """Answer a command, whose address and exclamation mark are taken off; what is unknown is not answered."""
        if self._is_measuring("C", at_ms) and body:
            self._break_off()  # section 4.4.7: a command to it breaks a concurrent measurement off
        with_crc = body[1:2] == "C"
        index = body[2 if with_crc else 1 :]
        if with_crc and self._failing.get("no-crc"):
            return
        if body == "":
            self._speak("", at_ms)
        elif body == "I":
            self._speak(self._identification, at_ms)
        elif body[0] == "A" and len(body) == 2 and body[1].isalnum():
            self.address = body[1]
            self._speak("", at_ms)
        elif body[0] in "MCV" and len(index) <= 1 and index in "123456789":
            if body[0] != "C" or not self._failing.get("no-concurrent"):
                self._start(body[0], with_crc, at_ms)
        elif body == "HA":
            self._start("H", True, at_ms)
        elif body[0] == "D" and body[1:].isdigit():
            self._send_page(int(body[1:]), at_ms)
        elif body[0] == "R" and index.isdigit() and len(index) == 1:
            self._speak("".join(self.measure(ceil(at_ms))), at_ms, with_crc)
        elif body[0] == "I":
            self._describe(body[1:], at_ms)

    def _start(self, kind: str, with_crc: bool, at_ms: float) -> None:
        values = self.measure(ceil(at_ms))
        limit = CONCURRENT_CHARACTERS if kind in "CH" else CHARACTERS
        ready_ms = at_ms + self._seconds * 1000
        self._measurement = Measurement(kind, with_crc, ready_ms, _pages(values, limit))
        self._outputs.clear()
        digits = {"M": 1, "V": 1, "C": 2, "H": 3}[kind]
        answered_ms = self._speak(f"{self._seconds:03d}{len(values):0{digits}d}", at_ms)
        if self._fails("abort"):
            self._measurement.pages = None
        elif kind in "MVH" and self._seconds and not self._fails("no-request"):
            late_ms = LATE_REQUEST_MS if self._fails("late-request") else -EARLY_REQUEST_MS
            self._transmit(self.address, max(answered_ms, ready_ms + late_ms))

    def _send_page(self, page: int, at_ms: float) -> None:
        measurement = self._measurement
        pages = [] if measurement is None else measurement.pages or []
        with_crc = measurement is not None and measurement.with_crc
        self._speak(pages[page] if page < len(pages) else "", at_ms, with_crc)

    def _describe(self, text: str, at_ms: float) -> None:
        command, _, number = text.partition("_")
        if not command or command[0] not in "MCVRH":
            return
        if not number:
            self._speak(f"{self._seconds:03d}{len(self._descriptions)}", at_ms)
        elif number.isdigit() and 1 <= int(number) <= len(self._descriptions):
            one = self._descriptions[int(number) - 1]
            self._speak(f",{one.shef_code},{one.unit};", at_ms)

    def _is_measuring(self, kind: str, at_ms: float) -> bool:
        return self._measurement is not None and self._measurement.kind == kind and at_ms < self._measurement.ready_ms

    def _break_off(self) -> None:
        assert self._measurement is not None
        self._measurement.pages = None
        self._outputs.clear()  # no service request either

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
        return self._transmit(text, after_ms)

    def _transmit(self, text: str, after_ms: float) -> float:
        """Put a text and its end on the line, character by character; return when the last one is out."""
        said_ms = after_ms + ANSWERS_AFTER_MS
        for character in text + "\r\n":
            said_ms += CHARACTER_MS
            self._say(character.encode(), ceil(said_ms))
        return said_ms


def _pages(values: list[str], limit: int) -> list[str]:
    """Return the values as the sensor gives them to D0, D1, ..., none longer than the standard allows."""
    pages = [""]
    for value in values:
        if len(pages[-1]) + len(value) > limit:
            pages.append("")
        pages[-1] += value
    return pages


def crc_characters(text: str) -> str:
    """Return the three CRC characters of an answer (section 4.4.12)."""
    crc = 0
    for byte in text.encode():
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return chr(0x40 | crc >> 12) + chr(0x40 | crc >> 6 & 0x3F) + chr(0x40 | crc & 0x3F)
