# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A cellular modem brought from power-off to data mode by AT commands (ITU-T V.250, 3GPP TS 27.007; sections below).

The law this file keeps: every command has a deadline, and a modem that does not answer is switched off and on again
once before it is given up.
"""

from .hal import HardwareError

BAUD = 115_200
JOIN_MS = 90_000  # to boot, find the network and dial
CONTEXT = 1  # of the packet network (27.007, 10.1.1)

BOOT_MS = 15_000  # the slowest of common modules from power-on to its first answer
OFF_MS = 2000  # until its capacitors are empty
ANSWER_MS = 1000
POLL_MS = 1000
SIM_MS = 10_000  # after boot, until the card answers
DIAL_MS = 30_000
GUARD_MS = 1100  # of silence around the escape to command mode (V.250, and the manuals: 1 s)
DETACH_MS = 5000
LINE_LIMIT = 128  # bytes of an answer that are kept
DISCARD_READS = 16
# V.250, 5.7.1 (a CONNECT can name a speed), and errors with a reason (27.007, 9.1)
FINAL_RESULTS = ("OK", "CONNECT", "ERROR", "NO CARRIER", "BUSY", "NO DIALTONE", "NO ANSWER", "+CME ERROR", "+CMS ERROR")

REGISTERED = (1, 5)  # at home, roaming (27.007, 7.2 and 10.1.22)
DENIED = 3


class Modem:
    """`settings` is (port, power switch, access point name)."""

    def __init__(self, board, settings):
        self._board = board
        self._port_no, self._switch, self._apn = settings
        self._port = None
        self._buffer = bytearray(64)
        self._unread = b""
        self.signal = None  # received strength, 0 (-113 dBm) to 31 (-51 dBm), or None (27.007, 8.5)

    def dial(self, deadline_ms):
        """Return the open port in data mode; raise HardwareError, with the modem off."""
        try:
            self._wake(deadline_ms)
            self._command("ATE0")  # the echo would come before each answer
            self._await_sim(deadline_ms)
            self._await_network(deadline_ms)
            self._command('AT+CGDCONT=%d,"IP","%s"' % (CONTEXT, self._apn))
            self._dial(deadline_ms)
        except HardwareError:
            self._switch_off()
            raise
        return self._port

    def hang_up(self):
        """Leave data mode and the network, and switch the modem off, whatever it answers."""
        if self._port is None:
            return
        try:
            self._board.sleep_until(self._board.monotonic_ms() + GUARD_MS)
            self._port.write(b"+++")
            self._board.sleep_until(self._board.monotonic_ms() + GUARD_MS)
            self._command("ATH")
            self._command("AT+CFUN=0", DETACH_MS)  # detached in order, or the network may refuse the next one (8.2)
        except HardwareError:
            pass
        finally:
            self._switch_off()

    def _wake(self, deadline_ms):
        for attempt in range(2):
            self._board.set_power(self._switch, True)
            self._port = self._board.open_serial(self._port_no, BAUD)
            self._unread = b""
            if self._answers(min(deadline_ms, self._board.monotonic_ms() + BOOT_MS)):
                return
            self._switch_off()
            if attempt == 0:
                self._board.sleep_until(min(deadline_ms, self._board.monotonic_ms() + OFF_MS))
        raise HardwareError("modem-silent")

    def _answers(self, deadline_ms):
        while self._board.monotonic_ms() < deadline_ms:
            if self._ask("AT", ANSWER_MS)[0] == "OK":
                return True
        return False

    def _await_sim(self, deadline_ms):
        until_ms = min(deadline_ms, self._board.monotonic_ms() + SIM_MS)
        while True:
            found, lines = self._ask("AT+CPIN?", ANSWER_MS)  # 27.007, 8.3
            state = _value(lines, "+CPIN:")
            if state == "READY":
                return
            if state is not None:
                raise HardwareError("sim: asks for %s" % state)
            self._pause(until_ms, "sim: %s" % found)

    def _await_network(self, deadline_ms):
        self.signal = _first_number(_value(self._ask("AT+CSQ", ANSWER_MS)[1], "+CSQ:"))
        if self.signal == 99:  # not known yet
            self.signal = None
        while True:
            states = []
            for name in ("CEREG", "CREG"):  # of LTE, else of what came before
                value = _value(self._ask("AT+%s?" % name, ANSWER_MS)[1], "+%s:" % name)
                states.append(_first_number(value.split(",")[1]) if value and "," in value else None)
            if any(state in REGISTERED for state in states):
                return
            if DENIED in states:
                raise HardwareError("registration-denied")
            self._pause(deadline_ms, "no-network")

    def _dial(self, deadline_ms):
        until_ms = min(deadline_ms, self._board.monotonic_ms() + DIAL_MS)
        found, _ = self._ask("ATD*99***%d#" % CONTEXT, until_ms - self._board.monotonic_ms())  # 10.2.1.1
        if found != "CONNECT":
            raise HardwareError("modem: %s" % found)

    def _pause(self, until_ms, reason):
        """Wait before asking again, or raise when there is no time left for it."""
        if self._board.monotonic_ms() + POLL_MS >= until_ms:
            raise HardwareError(reason)
        self._board.sleep_until(self._board.monotonic_ms() + POLL_MS)

    def _command(self, text, timeout_ms=ANSWER_MS):
        found, _ = self._ask(text, timeout_ms)
        if found != "OK":
            raise HardwareError("modem: %s to %s" % (found, text))

    def _ask(self, text, timeout_ms):
        """Send a command; return (its final result, or "no answer", the lines before)."""
        self._discard()
        deadline_ms = self._board.monotonic_ms() + timeout_ms
        self._port.write(text.encode() + b"\r")
        lines = []
        while True:
            line = self._line(deadline_ms)
            if line is None:
                return "no answer", lines
            if line.startswith(FINAL_RESULTS):
                self._board.feed_watchdog()
                return "CONNECT" if line.startswith("CONNECT") else line, lines
            lines.append(line)

    def _discard(self):
        """Drop what came late, so that it is not taken for the next answer."""
        self._unread = b""
        for _ in range(DISCARD_READS):
            if not self._port.read_into(self._buffer, self._board.monotonic_ms()):
                return

    def _line(self, deadline_ms):
        """Return the next line that is not empty, or None at the deadline."""
        while True:
            end = self._unread.find(b"\n")
            if end >= 0:
                line = self._unread[:end].strip()
                self._unread = self._unread[end + 1 :]
                if line:
                    return "".join(chr(byte) for byte in line if byte < 0x80)  # a line can be garbled
                continue
            count = self._port.read_into(self._buffer, deadline_ms)
            if count == 0:
                return None
            self._unread = (self._unread + bytes(self._buffer[:count]))[-LINE_LIMIT:]

    def _switch_off(self):
        if self._port is not None:
            self._port.close()
            self._port = None
        self._board.set_power(self._switch, False)


def _value(lines, name):
    for line in lines:
        if line.startswith(name):
            return line[len(name) :].strip()
    return None


def _first_number(text):
    digits = (text or "").split(",")[0].strip()
    return int(digits) if digits.isdigit() else None
