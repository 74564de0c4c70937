# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What version 1.4 of the SDI-12 standard added: high-volume measurements (section 5) and metadata (section 6)."""

from .line import NoAnswer
from .packets import PacketAnswer
from .recorder import Recorder, values_of_pages

HIGH_VOLUME_PAGES = 1000  # D0 to D999, DB0 to DB999


class FullRecorder(Recorder):
    """A recorder for sensors of version 1.4; every command raises NoAnswer.

    High-volume measurements are concurrent (section 5.3): `start` them with "HA" or "HB", and read the values when they
    are ready, or do both in one call. A sensor that has none tells of zero values (section 5.4).
    """

    def measure_in_characters(self, address):
        """Return the values, up to 999, of a high-volume measurement in ASCII (section 5.1)."""
        started = self.start(address, "HA", with_crc=True)
        self._board.sleep_until(started.ready_ms)
        return self.read_data(started, HIGH_VOLUME_PAGES)

    def measure_in_packets(self, address):
        """Return the values, up to 999, of a high-volume measurement in binary (section 5.2)."""
        started = self.start(address, "HB")
        self._board.sleep_until(started.ready_ms)
        return self.read_packets(started)

    def read_packets(self, started):
        """Return the values of a measurement that was started with HB: integers and floats."""
        form = PacketAnswer(started.address)
        command = started.address + "DB%d!"
        return values_of_pages(started, HIGH_VOLUME_PAGES, lambda page: self._line.ask(command % page, form))

    def describe(self, address, command):
        """Return how many values M, C1, V, HA... gives, without measuring (section 6.1); of R that is not to be had."""
        _, count = self._announcement("%sI%s!" % (address, command), command[0])
        return count

    def describe_value(self, address, command, number):
        """Return the fields on value 1, 2, ... of M, R0...: its SHEF code, its unit, and what follows (section 6.2)."""
        with_crc = command[0] == "H" or command[1:2] == "C"  # table 20
        text = self._ask("%sI%s_%03d!" % (address, command, number), with_crc)
        if not text.endswith(";") or text[1:2] != ",":
            raise NoAnswer("broken")
        return text[2:-1].split(",")
