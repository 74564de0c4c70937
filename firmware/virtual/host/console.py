"""A pseudo-terminal: the console of a virtual station, or the wire between it and a serial instrument."""

import os
import select
import termios
import tty

__all__ = ["BAUD_CODES", "Terminal"]

BAUD_CODES = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}


class Terminal:
    """`near_fd` is our end; the other side opens `path`. Raw from the start: nothing is echoed or changed."""

    def __init__(self) -> None:
        self.near_fd, self._far_fd = os.openpty()
        self.path = os.ttyname(self._far_fd)
        tty.setraw(self._far_fd)
        os.set_blocking(self.near_fd, False)

    def write(self, data: bytes) -> None:
        os.write(self.near_fd, data)

    def read(self, count: int, timeout_s: float) -> bytes:
        """Return `count` bytes that the other side has written, fewer when they do not come within the timeout."""
        data = b""
        while len(data) < count and select.select([self.near_fd], [], [], timeout_s)[0]:
            data += os.read(self.near_fd, count - len(data))
        return data

    def baud(self) -> int:
        """Return the speed that the other side has set."""
        return BAUD_CODES[termios.tcgetattr(self.near_fd)[5]]

    def close(self) -> None:
        os.close(self.near_fd)
        os.close(self._far_fd)
