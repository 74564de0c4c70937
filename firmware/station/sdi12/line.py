# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""One SDI-12 line: breaks, marks, commands and answers in time, asked again as the standard prescribes.

The law this file keeps: no command begins before its sensor can hear it, and none lacks a break that it needs.
Times are those of the SDI-12 standard, version 1.4, section 7, on a clock of whole milliseconds.

Characters on the line have 7 bits and even parity (section 4.1), packets 8 bits and none (section 5.2): ten bits on
the line either way. The port is set to 8N1 for both, and the parity is made and checked here: a packet may begin 8 ms
after its command, and UARTs under MicroPython do not tell of a wrong parity, after which an answer has to be asked for
again (section 7.2).
"""

from .parity import with_parity
from .text import END

BAUD = 1200  # with 8N1, as `open_serial` has it where nothing else is said

BREAK_MS = 13  # at least 12 of space
MARK_MS = 10  # at least 8.33 of mark between break and command
AWAKE_MS = 80  # no more than 87 of mark before a command without a break
# An answer begins within 15 ms, its first character takes 8.33 ms to arrive, and between two lie at most 1.66 ms.
# The rest is for boards that look at their receiver every few milliseconds.
SILENCE_MS = 32
RETRY_MS = 50  # at least 16.67 between tries; and the third begins more than 100 after the break, for slow sleepers
PAUSE_MS = 17  # of mark before another try, after an answer that could not be read
TRIES_WITHOUT_BREAK = 3
TRIES_WITH_BREAK = 3
MOST_DROPS = 64  # reads of bytes that nobody waits for: a babbling sensor must not hold the station


class NoAnswer(Exception):
    """A sensor gave no answer of use; `reason` is "silent", "broken" or "aborted"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Line:
    """The line at an open port; `faults` counts what had to be asked again.

    The form of an answer, `TextAnswer` or `PacketAnswer`, says when it `is_whole` and what there is to `read` in it.
    """

    def __init__(self, board, port, faults):
        self._board = board
        self._port = port
        self._faults = faults
        self._buffer = bytearray(16)
        self._awake = ""  # address of the sensor that listens
        self._marking_since_ms = 0

    def ask(self, command, form):
        """Return what the form reads in the answer to a command, or raise NoAnswer."""
        reason = "silent"
        for _ in range(TRIES_WITH_BREAK):
            for _ in range(TRIES_WITHOUT_BREAK):
                self._board.feed_watchdog()  # nine tries of a packet take longer than it has patience
                received = self.exchange(command, form)
                sent_ms = self._sent_ms
                if received:
                    answer = form.read(received)
                    if answer is not None:
                        return answer
                    self._faults.broken += 1
                    reason = "broken"
                else:
                    self._faults.silent += 1
                self._await_mark()
                self._board.sleep_until(sent_ms + RETRY_MS)
            self._awake = ""
        raise NoAnswer(reason)

    def exchange(self, command, form):
        """Send a command once, with a break where one is needed; return the bytes that came back, none for nothing."""
        now_ms = self._board.monotonic_ms()
        if self._awake != command[0] or now_ms - self._marking_since_ms > AWAKE_MS:
            self._port.send_break(BREAK_MS)
            self._board.sleep_until(self._board.monotonic_ms() + MARK_MS)
        self._drop_received()
        data = with_parity(command)
        self._port.write(data)
        self._awake = command[0]
        self._sent_ms = self._board.monotonic_ms()
        return self._read(data, form)

    def await_request(self, address, until_ms):
        """Return whether the sensor asked for service (section 4.4.6) before a time."""
        request = with_parity(address) + END
        last = b""
        while last != request:
            count = self._port.read_into(self._buffer, until_ms)
            if count == 0:
                return False
            last = (last + bytes(memoryview(self._buffer)[:count]))[-len(request) :]
        self._marking_since_ms = self._board.monotonic_ms()
        return True

    def _drop_received(self):
        """Forget what came unasked, so that it is not taken for the answer."""
        for _ in range(MOST_DROPS):
            if self._port.read_into(self._buffer, self._board.monotonic_ms()) == 0:
                return

    def _await_mark(self):
        """Wait for the end of an answer that could not be read, and forget the rest of it (section 7.2)."""
        for _ in range(MOST_DROPS):
            if self._port.read_into(self._buffer, self._marking_since_ms + PAUSE_MS) == 0:
                return
            self._marking_since_ms = self._board.monotonic_ms()

    def _read(self, echo, form):
        """Return what comes after a command; a line on which transmitter and receiver meet brings that back first."""
        received = bytearray()
        self._marking_since_ms = self._board.monotonic_ms()
        while len(received) < form.longest_bytes + len(echo) and not form.is_whole(received):
            count = self._port.read_into(self._buffer, self._marking_since_ms + SILENCE_MS)
            if count == 0:
                break
            self._marking_since_ms = self._board.monotonic_ms()
            chunk = bytes(memoryview(self._buffer)[:count])
            received += chunk if received else chunk.lstrip(b"\x00")  # the echo of a break
            if echo and received[: len(echo)] == echo:
                received = received[len(echo) :]
                echo = b""
        return received
