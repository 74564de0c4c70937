"""The commands of an SDI-12 sensor (SDI-12 standard, version 1.4); what it hears of them says sdi12_interface.py."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from firmware.virtual.sensors.sdi12_encoding import FLOAT32, even, packet, packets_of, pages_of
from firmware.virtual.sensors.sdi12_interface import Sdi12Interface

__all__ = ["Sdi12Sensor", "ValueDescription"]

EARLY_REQUEST_MS = 400  # a service request may come before the seconds that were told are over
LATE_REQUEST_MS = 400  # and must not come after them
ADDRESS_CHANGE_MS = 1000  # in which it need not answer, and does not
CONCURRENT_CHARACTERS = 75
CHARACTERS = 35
PAGES = 10
HIGH_VOLUME_PAGES = 1000
COUNT_DIGITS = {"M": 1, "V": 1, "C": 2, "H": 3}


@dataclass(frozen=True)
class ValueDescription:
    shef_code: str
    unit: str


@dataclass
class Measurement:
    """What was started last: pages or packets are there from `ready_ms` on, and empty once it was broken off."""

    kind: str
    with_crc: bool
    ready_ms: float
    pages: list[str]
    packets: list[bytes]


class Sdi12Sensor(Sdi12Interface):
    """`identification` is what follows the address in the answer to aI!; `measure(at_ms)` gives the values as texts."""

    faults = ("silent", "crc", "parity", "garbage", "no-request", "late-request", "no-crc", "no-concurrent", "abort")

    def __init__(
        self,
        address: str,
        identification: str,
        measure: Callable[[int], list[str]],
        seconds: int,
        descriptions: tuple[ValueDescription, ...],
        wakes_in_ms: float = 0.0,
    ) -> None:
        super().__init__(address, wakes_in_ms)
        self.measure = measure
        self.measure_packets = self._measure_floats  # (at_ms) -> number of values, packets
        self.packet_spoilers: list[Callable[[bytes], bytes]] = []  # each for one of the next packets
        self._identification = identification
        self._seconds = seconds
        self._descriptions = descriptions
        self._measurement: Measurement | None = None

    def _answer(self, body: str, at_ms: float) -> None:
        if (self._is_measuring("C", at_ms) or self._is_measuring("H", at_ms)) and body:
            self._break_off()  # section 4.4.7.1: a command to it breaks a concurrent measurement off
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
            self._deaf_until_ms = self._speak("", at_ms) + ADDRESS_CHANGE_MS
        elif body[0] in "MCV" and len(index) <= 1 and index in "123456789":
            if body[0] != "C" or not self._failing.get("no-concurrent"):
                self._start(body[0], with_crc, at_ms)
        elif body == "HA":
            self._start("H", True, at_ms)
        elif body == "HB":
            self._start_packets(at_ms)
        elif body[0] == "D" and body[1:].isdigit():
            self._send_page(body[1:], at_ms)
        elif body[:2] == "DB" and body[2:].isdigit():
            self._send_packet(body[2:], at_ms)
        elif body[0] == "R" and index.isdigit() and len(index) == 1:
            self._speak("".join(self.measure(ceil(at_ms))), at_ms, with_crc)
        elif body[0] == "I":
            self._describe(body[1:], at_ms)

    def _interrupt(self, at_ms: float) -> None:
        if self._is_measuring("M", at_ms) or self._is_measuring("V", at_ms):
            self._break_off()  # section 4.4.5.1

    def _start(self, kind: str, with_crc: bool, at_ms: float) -> None:
        values = self.measure(ceil(at_ms))
        limit = CONCURRENT_CHARACTERS if kind in "CH" else CHARACTERS
        ready_ms = at_ms + self._seconds * 1000
        self._measurement = Measurement(kind, with_crc, ready_ms, pages_of(values, limit), [])
        answered_ms = self._announce(kind, len(values), at_ms)
        if self._fails("abort"):
            self._measurement.pages = []
        elif kind in "MV" and self._seconds and not self._fails("no-request"):
            late_ms = LATE_REQUEST_MS if self._fails("late-request") else -EARLY_REQUEST_MS
            self._transmit(even(self.address + "\r\n"), max(answered_ms, ready_ms + late_ms))

    def _start_packets(self, at_ms: float) -> None:
        count, packets = self.measure_packets(ceil(at_ms))
        self._measurement = Measurement("H", True, at_ms + self._seconds * 1000, [], packets)
        self._announce("H", count, at_ms)

    def _announce(self, kind: str, count: int, at_ms: float) -> float:
        self._outputs.clear()
        return self._speak(f"{self._seconds:03d}{count:0{COUNT_DIGITS[kind]}d}", at_ms)

    def _measure_floats(self, at_ms: int) -> tuple[int, list[bytes]]:
        values = [float(value) for value in self.measure(at_ms)]
        return len(values), packets_of(self.address, FLOAT32, values)

    def _send_page(self, number: str, at_ms: float) -> None:
        measurement = self._measurement
        page = _page_no(number, HIGH_VOLUME_PAGES if measurement is not None and measurement.kind == "H" else PAGES)
        if page is None:
            return
        pages = [] if measurement is None else measurement.pages
        with_crc = measurement is not None and measurement.with_crc
        self._speak(pages[page] if page < len(pages) else "", at_ms, with_crc)

    def _send_packet(self, number: str, at_ms: float) -> None:
        page = _page_no(number, HIGH_VOLUME_PAGES)
        if page is None:
            return
        packets = [] if self._measurement is None else self._measurement.packets
        whole = packets[page] if page < len(packets) else packet(self.address)
        data = self.packet_spoilers.pop(0)(whole) if self.packet_spoilers else whole
        self._is_waiting_for_try = data != whole
        self._transmit(data, at_ms)

    def _describe(self, text: str, at_ms: float) -> None:
        command, _, number = text.partition("_")
        kind = command[:1]
        if not kind or kind not in "MCVRH":
            return
        count = len(self._descriptions)
        if number.isdigit():
            one = self._descriptions[int(number) - 1] if 1 <= int(number) <= count else None
            with_crc = kind == "H" or command[1:2] == "C"
            self._speak(f",{one.shef_code},{one.unit};" if one else "", at_ms, with_crc)
        elif not number and kind != "R":
            self._speak(f"{self._seconds:03d}{count:0{COUNT_DIGITS[kind]}d}", at_ms)

    def _is_measuring(self, kind: str, at_ms: float) -> bool:
        return self._measurement is not None and self._measurement.kind == kind and at_ms < self._measurement.ready_ms

    def _break_off(self) -> None:
        assert self._measurement is not None
        self._measurement.pages = []
        self._measurement.packets = []
        self._outputs.clear()  # no service request either


def _page_no(number: str, pages: int) -> int | None:
    """Return the number of the page that a command asks for, None where it is none: too high, or with leading zeros."""
    return int(number) if number == str(int(number)) and int(number) < pages else None
