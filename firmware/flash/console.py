"""What a board says on its console while its application runs; listening stops nothing."""

from collections.abc import Iterator
from time import monotonic
from types import TracebackType

import serial

from firmware.flash.connection import FlashError

__all__ = ["Console"]

BAUD = 115_200
LOOK_S = 0.2  # how soon a deadline is noticed
LINE_LIMIT = 4096  # bytes; more without an end is no text


class Console:
    """A context manager; what was said before it is entered is not heard."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._serial = serial.Serial()

    def __enter__(self) -> "Console":
        self._serial.port, self._serial.baudrate, self._serial.timeout = self._port, BAUD, LOOK_S
        # On many boards these lines are wired to reset and boot mode: a board that is listened to must go on.
        self._serial.dtr = self._serial.rts = False
        try:
            self._serial.open()
            self._serial.reset_input_buffer()
        except (serial.SerialException, OSError) as error:
            raise FlashError(
                f"{self._port}: could not open it ({error}); check that you may use it and no other program does"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serial.close()

    def lines(self, for_s: float | None = None) -> Iterator[str]:
        """Yield each line said, for so long (None: without end); raise FlashError when the port goes away."""
        ends_s = None if for_s is None else monotonic() + for_s
        unfinished = b""
        while ends_s is None or monotonic() < ends_s:
            try:
                unfinished += self._serial.read(max(1, self._serial.in_waiting))
            except (serial.SerialException, OSError) as error:
                raise FlashError(f"{self._port}: the port went away ({error})") from error
            *whole, unfinished = unfinished.split(b"\n")
            unfinished = unfinished[-LINE_LIMIT:]
            for line in whole:
                yield line.decode("utf-8", "replace").rstrip("\r")
