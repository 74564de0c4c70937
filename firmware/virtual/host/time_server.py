"""A time server for virtual stations: answers SNTP on a loopback port with bench time."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

__all__ = ["TimeServer"]

UNIX_EPOCH_S = 2_208_988_800  # 1 January 1970 in NTP's era 0 (RFC 4330, section 3)
PACKET_BYTES = 48
SERVER_HEAD = 0x24  # no warning, version 4, server
STRATUM = 2
ORIGINATE_AT = 40  # the client's transmit time stamp, which is sent back


class TimeServer:
    """`now_ms()` is bench time; `error_ms` is by how much the server is wrong. `stop` and `start` keep the port."""

    host = "127.0.0.1"

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.error_ms = 0
        self.answered = 0
        self._now_ms = now_ms
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.host, 0))
            self.port: int = probe.getsockname()[1]

    def start(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.host, self.port))
        self._thread = threading.Thread(target=self._serve, args=(self._socket,), name="time-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Fall silent; whoever asks is told at once that nobody listens."""
        if self._socket is None or self._thread is None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # not connected, says the host, and ends the wait all the same
        self._thread.join()
        self._socket.close()
        self._socket = None

    def _serve(self, served: socket.socket) -> None:
        while True:
            request, client = served.recvfrom(512)
            if not request:
                return
            if len(request) == PACKET_BYTES:
                served.sendto(self._answer(request), client)
                self.answered += 1

    def _answer(self, request: bytes) -> bytes:
        now_ms = self._now_ms() + self.error_ms
        seconds, milliseconds = divmod(now_ms, 1000)
        # Rounded up, so that what is cut off by the reader is the same millisecond.
        stamp = struct.pack(">II", (seconds + UNIX_EPOCH_S) % (1 << 32), -(-milliseconds * (1 << 32) // 1000))
        originate = request[ORIGINATE_AT:]
        return bytes((SERVER_HEAD, STRATUM)) + bytes(22) + originate + stamp + stamp
