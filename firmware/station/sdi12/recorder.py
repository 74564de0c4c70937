# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The basic commands of an SDI-12 recorder (SDI-12 standard, version 1.4, section 4.4). Every one raises NoAnswer.

What version 1.4 added is in full_recorder.py: few sensors have it, and no station loads it without need.

`with_crc` asks for answers with a CRC; `measure`, `start_concurrent` and `read_continuous` do so by themselves, and
fall back to answers without one where the sensor knows of none.
"""

from .line import Line, NoAnswer
from .text import TextAnswer
from .values import split_values

PAGES = 10  # D0 to D9
MEASURE_TRIES = 2  # of a measurement that the sensor broke off
ADDRESS_CHANGE_MS = 1000  # in which a sensor with a new address need not answer

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
        self._ask(address + "!")

    def identify(self, address):
        """Return (version, maker, model, sensor's version, the rest) (section 4.4.2)."""
        text = self._ask(address + "I!")
        if len(text) < 20:
            raise NoAnswer("broken")
        return text[1:3], text[3:11].strip(), text[11:17].strip(), text[17:20].strip(), text[20:]

    def query_address(self):
        """Return the address of the only sensor on the line (section 4.4.3)."""
        return self._line.ask("?!", TextAnswer("?"))[0]

    def change_address(self, address, new_address):
        """Return once the sensor answers to its new address (section 4.4.4)."""
        self._line.ask(address + "A" + new_address + "!", TextAnswer(new_address))
        self._board.sleep_until(self._board.monotonic_ms() + ADDRESS_CHANGE_MS)

    def start(self, address, command, with_crc=False):
        """Return the Started of M, M1...M9, C, C1...C9, V, HA or HB (4.4.5, 4.4.7, 4.4.9 to 4.4.11, 5.1, 5.2)."""
        kind, index = command[0], command[1:]
        body = command if kind == "H" else kind + ("C" if with_crc else "") + index
        wait_s, count = self._announcement(address + body + "!", kind)
        return Started(address, count, self._board.monotonic_ms() + 1000 * wait_s, with_crc)

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

    def read_data(self, started, pages=PAGES):
        """Return the values of a measurement (sections 4.4.8 and 4.4.8.3)."""
        command = started.address + "D%d!"
        return values_of_pages(started, pages, lambda page: self._values(command % page, started.with_crc))

    def read_continuous(self, address, index=0):
        """Return the values that the sensor has at any time (section 4.4.8.1)."""
        try:
            return self._values("%sRC%d!" % (address, index), True)
        except NoAnswer as error:
            if error.reason != "silent":
                raise
        return self._values("%sR%d!" % (address, index), False)

    def _ask(self, command, with_crc=False):
        return self._line.ask(command, TextAnswer(command[0], with_crc))

    def _announcement(self, command, kind):
        """Return (seconds to wait, number of values) of an answer atttn, atttnn or atttnnn."""
        text = self._ask(command)
        if len(text) != 4 + _COUNT_DIGITS[kind] or not text[1:].isdigit():
            raise NoAnswer("broken")
        return int(text[1:4]), int(text[4:])

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
            return split_values(self._ask(command, with_crc)[1:])
        except ValueError:
            raise NoAnswer("broken")


def values_of_pages(started, pages, values_of):
    """Return the values on all pages of a measurement, `values_of(page)` after `values_of(page)`."""
    values = []
    for page in range(pages):
        if len(values) >= started.count:
            break
        page_values = values_of(page)
        if not page_values:
            raise NoAnswer("aborted")
        values += page_values
    if len(values) != started.count:
        raise NoAnswer("broken")
    return values
