# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station's last failures with their tracebacks: on the console, and in two small files that outlast a reboot."""

import io
import os
import sys

FILE_BYTES = 4096  # then the file becomes the older one of the two
UNTOLD_BYTES = 1000  # of the end of the file: what goes into one event
TOLD = "--- told\n"
ENTRY_BYTES = 1024


class BlackBox:
    """Notes go to `blackbox.txt`; `blackbox.old` holds those before. Noting never raises."""

    def __init__(self, board, root=""):
        self._board = board
        self._path = root + "/blackbox.txt"
        self._old_path = root + "/blackbox.old"

    def note(self, phase, text):
        """Add one entry."""
        entry = "%s %s: %s\n" % (self._now(), phase, text[-ENTRY_BYTES:])
        print(entry, end="")  # for whoever is listening on the console
        try:
            if self._size() + len(entry) > FILE_BYTES:
                os.rename(self._path, self._old_path)
            with open(self._path, "a") as file:
                file.write(entry)
        except OSError:
            pass  # a full or broken file system must not stop the measuring

    def note_exception(self, phase, error):
        """Add the traceback of an exception."""
        buffer = io.StringIO()
        sys.print_exception(error, buffer)
        self.note(phase, buffer.getvalue())

    def untold(self):
        """Return the end of what was noted since `mark_told`, UNTOLD_BYTES of ASCII at most; empty when nothing was."""
        try:
            with open(self._path, "rb") as file:
                file.seek(max(0, self._size() - UNTOLD_BYTES))
                tail = file.read(UNTOLD_BYTES)
        except OSError:
            return ""
        text = "".join(chr(byte) if byte < 0x80 else "?" for byte in tail)
        return text[text.rfind(TOLD) + len(TOLD) :] if TOLD in text else text

    def mark_told(self):
        """Keep that the gateway has what was noted until now."""
        try:
            with open(self._path, "a") as file:
                file.write(TOLD)
        except OSError:
            pass  # then it is told again after the next reset

    def _size(self):
        try:
            return os.stat(self._path)[6]
        except OSError:
            return 0

    def _now(self):
        utc_ms = self._board.utc_ms()
        return "monotonic %d ms" % self._board.monotonic_ms() if utc_ms is None else "%d ms" % utc_ms
