# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station's UTC: what a time server said last, carried on by the board's oscillator with its drift taken off.

The law this file keeps: one answer of a server moves the clock by no more than the oscillator can have drifted; a
larger step is made only when a second answer, at a later wake, says the same.
"""

import struct

from protocol.quality import HOLDOVER, SYNCHRONISED, UNSYNCHRONISED

from .hal import HardwareError

SYNCHRONISE_EVERY_MS = 6 * 3_600_000
TRY_AGAIN_MS = 3_600_000  # after a server did not answer
LONGEST_BETWEEN_ANSWERS_MS = SYNCHRONISE_EVERY_MS + TRY_AGAIN_MS
CONFIRM_AFTER_MS = 30_000  # so that a step is asked about again at the next wake, and not in this one
ANSWER_TIMEOUT_MS = 3000
TRUSTED_MS = 24 * 3_600_000  # how long after an answer the clock still counts as synchronised
LEARN_AFTER_MS = 3_600_000  # over less the server's own error is larger than the drift there is to learn
ERROR_MS = 2000  # of two answers of a server
BATTERY_CLOCK_ERROR_MS = 60_000  # of a clock that ran on its own battery for months
DRIFT_LIMIT_PPM = 1000  # no oscillator is worse; what differs by more is a step
PPB = 1_000_000_000
NEWS_PPB = 5000  # a drift changed by more is worth a write to the file system

_LAYOUT = "<qqiqI"
_FILE = "/clock"


class Clock:
    """UTC in Unix ms over the monotonic time of one boot. `kept` is what `pack` gave before the last deep sleep."""

    def __init__(self, board, root, kept):
        self._board = board
        self._path = root + _FILE
        self._base_utc_ms = 0  # the last answer, 0 before the first of this boot; and when it came:
        self._base_monotonic_ms = 0
        self._rate_ppb = 0  # by how much UTC runs faster than the oscillator
        self._doubtful_step_ms = 0  # what a server asked for and has yet to repeat
        self._next_try_s = 0
        if len(kept) == struct.calcsize(_LAYOUT):
            (
                self._base_monotonic_ms,
                self._base_utc_ms,
                self._rate_ppb,
                self._doubtful_step_ms,
                self._next_try_s,
            ) = struct.unpack(_LAYOUT, kept)
        else:
            self._rate_ppb = self._read_file()[3]

    def pack(self):
        """Return the bytes to keep through deep sleep."""
        return struct.pack(
            _LAYOUT,
            self._base_monotonic_ms,
            self._base_utc_ms,
            self._rate_ppb,
            self._doubtful_step_ms,
            self._next_try_s,
        )

    def utc_ms(self):
        """Return the time, or None where neither a server nor a clock with a battery ever said it."""
        return self.utc_at(self._board.monotonic_ms()) if self._base_utc_ms else self._board.utc_ms()

    def utc_at(self, monotonic_ms):
        """Return the time at an instant of this boot; only where `utc_ms` knows it."""
        if not self._base_utc_ms:
            return self._board.utc_ms() - self._board.monotonic_ms() + monotonic_ms
        return _carried_on(self._base_utc_ms, monotonic_ms - self._base_monotonic_ms, self._rate_ppb)

    def monotonic_at(self, utc_ms):
        """Return when it is `utc_ms`, in monotonic time of this boot."""
        now_ms = self._board.monotonic_ms()
        ahead_ms = utc_ms - self.utc_ms()
        return now_ms + ahead_ms - ahead_ms * self._rate_ppb // PPB

    def quality(self):
        """Return SYNCHRONISED, HOLDOVER or UNSYNCHRONISED."""
        if self._base_utc_ms and self._board.monotonic_ms() - self._base_monotonic_ms <= TRUSTED_MS:
            return SYNCHRONISED
        return UNSYNCHRONISED if self.utc_ms() is None else HOLDOVER

    def drift_ppb(self):
        """Return by how much UTC runs faster than the oscillator, in parts of 10^9; 0 until it was measured."""
        return self._rate_ppb

    def is_to_be_asked(self):
        """True when it is time to ask a server."""
        return self._board.monotonic_ms() >= self._next_try_s * 1000

    def synchronise(self, host, port, boot_no, deadline_ms):
        """Ask a time server and follow its answer, all before the deadline; return what is to be noted, or None."""
        from .sntp import BadAnswer, decode_answer, encode_request

        board = self._board
        # Said once: a server that is away for weeks must not push other notes out.
        was_away = self._next_try_s and board.monotonic_ms() - self._base_monotonic_ms > LONGEST_BETWEEN_ANSWERS_MS
        self._next_try_s = (board.monotonic_ms() + TRY_AGAIN_MS) // 1000
        nonce = board.random_bytes(8)
        try:
            board.join_network(min(deadline_ms, board.monotonic_ms() + board.join_ms))
            asked_ms = board.monotonic_ms()
            answer = board.exchange_datagram(
                host, port, encode_request(nonce), min(deadline_ms, asked_ms + ANSWER_TIMEOUT_MS)
            )
            utc_ms = decode_answer(answer, nonce, board.monotonic_ms() - asked_ms)
        except BadAnswer as error:
            return "%s: %s" % (host, error)
        except HardwareError as error:
            return None if was_away else "%s: %s" % (host, error.reason)
        return self._follow(utc_ms, boot_no)

    def boot_last_dated(self):
        """Return (boot_no, function from monotonic to UTC ms) of the last boot whose records were dated later."""
        boot_no, base_monotonic_ms, base_utc_ms, rate_ppb = self._read_file()
        return boot_no, lambda monotonic_ms: _carried_on(base_utc_ms, monotonic_ms - base_monotonic_ms, rate_ppb)

    def _follow(self, utc_ms, boot_no):
        """Take up an answer, or keep it in doubt."""
        now_ms = self._board.monotonic_ms()
        elapsed_ms = now_ms - self._base_monotonic_ms
        known_ms = self.utc_ms()
        step_ms = 0 if known_ms is None else utc_ms - known_ms
        limit_ms = ERROR_MS + elapsed_ms * DRIFT_LIMIT_PPM // 1_000_000 if self._base_utc_ms else BATTERY_CLOCK_ERROR_MS
        is_step = abs(step_ms) > limit_ms
        if is_step and (not self._doubtful_step_ms or abs(step_ms - self._doubtful_step_ms) > limit_ms):
            self._doubtful_step_ms = step_ms
            self._next_try_s = (now_ms + CONFIRM_AFTER_MS) // 1000
            return "the time server says %d ms, a step of %d ms: to be confirmed" % (utc_ms, step_ms)
        is_news = not self._base_utc_ms
        if self._base_utc_ms and not is_step and elapsed_ms >= LEARN_AFTER_MS:
            is_news = self._learn((utc_ms - self._base_utc_ms - elapsed_ms) * PPB // elapsed_ms)
        self._base_utc_ms = utc_ms
        self._base_monotonic_ms = now_ms
        self._doubtful_step_ms = 0
        self._next_try_s = (now_ms + (SYNCHRONISE_EVERY_MS if self._rate_ppb else LEARN_AFTER_MS)) // 1000
        self._board.set_utc_ms(utc_ms)
        if is_news:
            # Before any record is dated with it: a date torn by a power cut is finished from here at the next boot.
            self._write_file(boot_no)
        return "clock stepped by %d ms" % step_ms if is_step else None

    def _learn(self, measured_ppb):
        """Take up a measured drift, half of it where one is known; return True when it changed by much."""
        before_ppb = self._rate_ppb
        self._rate_ppb = ((before_ppb + measured_ppb) // 2 if before_ppb else measured_ppb) or 1  # 0: not known yet
        return abs(self._rate_ppb - before_ppb) > NEWS_PPB

    def _read_file(self):
        try:
            with open(self._path) as file:
                numbers = [int(word) for word in file.read().split()]
        except (OSError, ValueError):
            numbers = []
        return numbers if len(numbers) == 4 else [0, 0, 0, 0]

    def _write_file(self, boot_no):
        try:
            with open(self._path, "w") as file:
                file.write("%d %d %d %d" % (boot_no, self._base_monotonic_ms, self._base_utc_ms, self._rate_ppb))
        except OSError:
            pass  # a full file system must not stop the clock


def _carried_on(utc_ms, elapsed_ms, rate_ppb):
    return utc_ms + elapsed_ms + elapsed_ms * rate_ppb // PPB
