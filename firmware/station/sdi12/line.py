# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""One SDI-12 line: breaks, marks, commands and answers in time, asked again as the standard prescribes.

The law this file keeps: no command begins before its sensor can hear it, and none lacks a break that it needs.
Times are those of the SDI-12 standard, version 1.4, section 7, on a clock of whole milliseconds.
"""

from .crc import CRC_CHARACTERS, crc_characters

BAUD = 1200
BITS = 7
EVEN_PARITY = 0

BREAK_MS = 13  # at least 12 of space
MARK_MS = 10  # at least 8.33 of mark between break and command
AWAKE_MS = 80  # no more than 87 of mark before a command without a break
# An answer begins within 15 ms, its first character takes 8.33 ms to arrive, and between two lie at most 1.66 ms.
# The rest is for boards that look at their receiver every few milliseconds.
SILENCE_MS = 32
RETRY_MS = 50  # at least 16.67 between tries; and the third try more than 112.5 after the first, for a slow sleeper
PAUSE_MS = 17  # of mark before another try, after an answer that could not be read
TRIES_WITHOUT_BREAK = 3
TRIES_WITH_BREAK = 3
MOST_DROPS = 64  # reads of received bytes before a command: a babbling sensor must not hold the station

_END = b"\r\n"
_LONGEST = 96  # characters of an answer, with the echo of its command


class NoAnswer(Exception):
    """A sensor gave no answer of use; `reason` is "silent", "broken" or "aborted"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Line:
    """The line at an open port; `faults` counts what had to be asked again."""

    def __init__(self, board, port, faults):
        self._board = board
        self._port = port
        self._faults = faults
        self._buffer = bytearray(16)
        self._awake = ""  # address of the sensor that listens
        self._marking_since_ms = 0

    def ask(self, command, answers_as=None, with_crc=False):
        """Return the answer to a command without its CR LF and CRC, or raise NoAnswer.

        The answer has to begin with the address `answers_as`, which is the command's where None; "?" stands for any.
        """
        address = answers_as or command[0]
        reason = "silent"
        for _ in range(TRIES_WITH_BREAK):
            for _ in range(TRIES_WITHOUT_BREAK):
                text = self.exchange(command)
                sent_ms = self._sent_ms
                if text:
                    answer = _checked(text, address, with_crc)
                    if answer is not None:
                        return answer
                    self._faults.broken += 1
                    reason = "broken"
                else:
                    self._faults.silent += 1
                self._board.sleep_until(max(sent_ms + RETRY_MS, self._marking_since_ms + PAUSE_MS))
            self._awake = ""
        raise NoAnswer(reason)

    def exchange(self, command):
        """Send a command once, with a break where one is needed; return what came back, "" for nothing."""
        now_ms = self._board.monotonic_ms()
        if self._awake != command[0] or now_ms - self._marking_since_ms > AWAKE_MS:
            self._port.send_break(BREAK_MS)
            self._board.sleep_until(self._board.monotonic_ms() + MARK_MS)
        self._drop_received()
        self._port.write(command.encode())
        self._awake = command[0]
        self._sent_ms = self._board.monotonic_ms()
        return self._read(command)

    def await_request(self, address, until_ms):
        """Return whether the sensor asked for service (section 4.4.6) before a time."""
        last = b""
        while last != address.encode() + _END:
            count = self._port.read_into(self._buffer, until_ms)
            if count == 0:
                return False
            last = (last + bytes(memoryview(self._buffer)[:count]))[-3:]
        self._marking_since_ms = self._board.monotonic_ms()
        return True

    def _drop_received(self):
        """Forget what came unasked, so that it is not taken for the answer."""
        for _ in range(MOST_DROPS):
            if self._port.read_into(self._buffer, self._board.monotonic_ms()) == 0:
                return

    def _read(self, command):
        received = b""
        self._marking_since_ms = self._board.monotonic_ms()
        while len(received) < _LONGEST and not received.endswith(_END):
            count = self._port.read_into(self._buffer, self._marking_since_ms + SILENCE_MS)
            if count == 0:
                break
            received += bytes(memoryview(self._buffer)[:count])
            self._marking_since_ms = self._board.monotonic_ms()
        # A line on which transmitter and receiver meet brings back the break and the command.
        received = received.lstrip(b"\x00")
        if received.startswith(command.encode()):
            received = received[len(command) :]
        return "".join(chr(byte) for byte in received)


def _checked(text, address, with_crc):
    """Return the answer without its end and CRC, None where it is not whole."""
    if not text.endswith("\r\n") or address not in ("?", text[0]):
        return None
    text = text[:-2]
    if with_crc:
        text, crc = text[:-CRC_CHARACTERS], text[-CRC_CHARACTERS:]
        if not text or crc_characters(text) != crc:
            return None
    # 7-bit characters beyond the printable ones are noise.
    return text if text and all(" " <= character <= "~" for character in text) else None
