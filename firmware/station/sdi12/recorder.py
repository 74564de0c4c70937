# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The commands of an SDI-12 recorder (SDI-12 standard, version 1.4, section 4.4). Every one raises NoAnswer.

`with_crc` asks for answers with a CRC; `measure`, `start_concurrent` and `read_continuous` do so by themselves, and
fall back to answers without one where the sensor knows of none.
"""

from .line import Line, NoAnswer
from .values import split_values

PAGES = 10  # D0 to D9
HIGH_VOLUME_PAGES = 1000
MEASURE_TRIES = 2  # of a measurement that the sensor broke off

# Digits of the count in the answer to what starts a measurement: atttn, atttnn, atttnnn.
_COUNT_DIGITS = {"M": 1, "V": 1, "C": 2, "H": 3}


class Started:
    """A measurement under way: values to come, from `ready_ms` on."""

    __slots__ = ("address", "count", "ready_ms", "with_crc")

    def __init__(self, address, count, ready_ms, with_crc):
        self.address = address
        self.count = count
        self.ready_ms = ready_ms
        self.with_crc = with_crc


class Recorder:
    """One recorder on one line; addresses are single characters, values texts such as "+3.14"."""

    def __init__(self, board, port, faults):
        self._board = board
        self._line = Line(board, port, faults)

    def acknowledge(self, address):
        """Return once the sensor said that it is there (section 4.4.1)."""
        self._line.ask(address + "!")

    def identify(self, address):
        """Return (version, maker, model, sensor's version, the rest) (section 4.4.2)."""
        text = self._line.ask(address + "I!")
        if len(text) < 20:
            raise NoAnswer("broken")
        return text[1:3], text[3:11].strip(), text[11:17].strip(), text[17:20].strip(), text[20:]

    def query_address(self):
        """Return the address of the only sensor on the line (section 4.4.3)."""
        return self._line.ask("?!", answers_as="?")[0]

    def change_address(self, address, new_address):
        """Return once the sensor answers to its new address (section 4.4.4)."""
        self._line.ask(address + "A" + new_address + "!", answers_as=new_address)

    def start(self, address, command, with_crc=False):
        """Return the Started of M, M1...M9, C, C1...C9, V, HA or HB (sections 4.4.5, 4.4.7, 4.4.9 to 4.4.11)."""
        kind, index = command[0], command[1:]
        body = command if kind == "H" else kind + ("C" if with_crc else "") + index
        text = self._line.ask(address + body + "!")
        if len(text) != 4 + _COUNT_DIGITS[kind] or not text[1:].isdigit():
            raise NoAnswer("broken")
        ready_ms = self._board.monotonic_ms() + 1000 * int(text[1:4])
        return Started(address, int(text[4:]), ready_ms, with_crc)

    def measure(self, address, command="M"):
        """Return the values of a measurement that has the line to itself."""
        for _ in range(MEASURE_TRIES):
            try:
                started = self._start_with_fallback(address, command)
                self._await_service(started)
                return self.read_data(started)
            except NoAnswer as error:
                failure = error
                if error.reason != "aborted":
                    break
        raise failure

    def verify(self, address):
        """Return the values of the sensor's self-test."""
        started = self.start(address, "V")
        self._await_service(started)
        return self.read_data(started)

    def start_concurrent(self, address, command="C"):
        """Return the Started of a measurement during which other sensors may be asked (section 4.4.7)."""
        return self._start_with_fallback(address, command)

    def read_high_volume(self, address):
        """Return the values of a high-volume measurement in ASCII, which always has a CRC."""
        started = self.start(address, "HA")
        started.with_crc = True
        self._await_service(started)
        return self.read_data(started, HIGH_VOLUME_PAGES)

    def read_data(self, started, pages=PAGES):
        """Return the values of a measurement; a page that fails is asked for again by itself (section 4.4.8)."""
        values = []
        for page in range(pages):
            if len(values) >= started.count:
                break
            page_values = self._values("%sD%d!" % (started.address, page), started.with_crc)
            if not page_values:
                raise NoAnswer("aborted")
            values += page_values
        if len(values) != started.count:
            raise NoAnswer("broken")
        return values

    def read_continuous(self, address, index=0):
        """Return the values that the sensor has at any time."""
        try:
            return self._values("%sRC%d!" % (address, index), True)
        except NoAnswer as error:
            if error.reason != "silent":
                raise
        return self._values("%sR%d!" % (address, index), False)

    def describe(self, address, command):
        """Return how many values a command such as M, C1 or R0 gives, without measuring."""
        text = self._line.ask("%sI%s!" % (address, command))
        if len(text) < 5 or not text[1:].isdigit():
            raise NoAnswer("broken")
        return int(text[4:])

    def describe_value(self, address, command, number):
        """Return the fields that describe value 1, 2, ... of a command: its SHEF code, its unit, and what follows."""
        text = self._line.ask("%sI%s_%03d!" % (address, command, number))
        if not text.endswith(";") or text[1:2] != ",":
            raise NoAnswer("broken")
        return text[2:-1].split(",")

    def _start_with_fallback(self, address, command):
        try:
            return self.start(address, command, with_crc=True)
        except NoAnswer:
            # A sensor of an older version does not know the command; one that is away costs no further tries.
            self.acknowledge(address)
        return self.start(address, command)

    def _await_service(self, started):
        # Without a service request the values are asked for all the same, once the sensor's time is over.
        if started.ready_ms > self._board.monotonic_ms():
            self._line.await_request(started.address, started.ready_ms)

    def _values(self, command, with_crc):
        try:
            return split_values(self._line.ask(command, with_crc=with_crc)[1:])
        except ValueError:
            raise NoAnswer("broken")
