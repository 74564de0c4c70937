"""One run of a virtual board: a MicroPython process and the line to it."""

import json
import os
import signal
import socket
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from firmware.virtual.host.rom import rom_folder
from firmware.virtual.rom import control_line

__all__ = ["BoardProcess", "Request"]

HEAP_OPTION = "heapsize=512k"


class Request(NamedTuple):
    operation: int
    argument: int
    first: int
    second: int
    payload: bytes


class BoardProcess:
    """Start a run; `console_fd` becomes its standard streams, `description` says what rom/start.py needs to know."""

    def __init__(self, micropython: str, console_fd: int, description: dict[str, Any]) -> None:
        self.line, far_end = socket.socketpair()
        self.line.setblocking(False)
        self._received = bytearray()
        arguments = [micropython, "-X", HEAP_OPTION, "-m", "start"]
        streams = [(os.POSIX_SPAWN_DUP2, console_fd, fd) for fd in (0, 1, 2)]
        actions = [*streams, (os.POSIX_SPAWN_DUP2, far_end.fileno(), 3)]
        # A process group of its own: Ctrl-C at the terminal is for the bench, which ends its stations in order.
        # In the environment, since MicroPython ends on arguments longer than 255 bytes.
        described = {control_line.DESCRIPTION_VARIABLE: json.dumps(description)}
        environment = {**os.environ, **described, "MICROPYPATH": str(rom_folder())}
        self._pid: int | None = os.posix_spawn(micropython, arguments, environment, file_actions=actions, setpgroup=0)
        far_end.close()

    def requests(self) -> Iterator[Request | None]:
        """Yield what has arrived; None last when the process has closed its end."""
        ended = False
        try:
            data = self.line.recv(65536)
            ended = not data
            self._received += data
        except BlockingIOError:
            pass
        except ConnectionResetError:
            ended = True
        while len(self._received) >= control_line.REQUEST_BYTES:
            operation, argument, length, first, second = struct.unpack_from(control_line.REQUEST, self._received)
            end = control_line.REQUEST_BYTES + length
            if len(self._received) < end:
                break
            payload = bytes(self._received[control_line.REQUEST_BYTES : end])
            del self._received[:end]
            yield Request(operation, argument, first, second, payload)
        if ended:
            yield None

    def reply(self, monotonic_ms: int, number: int = 0, payload: bytes = b"") -> None:
        """Answer; a process that died meanwhile is noticed at the end of its line."""
        try:
            self.line.send(control_line.encode_reply(monotonic_ms, number, payload))
        except (BrokenPipeError, ConnectionResetError):
            return

    def end(self, kill: bool = False) -> int:
        """Return the exit status (negative: the signal) of a process that is ending, or is killed here."""
        self.line.close()
        if self._pid is None:
            return 0
        if kill:
            os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        self._pid = None
        return os.waitstatus_to_exitcode(status)
