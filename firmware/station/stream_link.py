# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Reading and writing of a link that is a stream, with TLS or without; each board connects and waits in its own way."""

from . import hal


class StreamLink(hal.Link):
    """`_stream` is connected and does not block.

    A board's `_wait_to_read(deadline_ms)` and `_wait_to_write(deadline_ms)` return False once the deadline has passed,
    else True after a wait, whether the stream is ready, broken, or has only part of a TLS record.
    """

    def read_into(self, buffer, deadline_ms: int) -> int:
        while True:
            try:
                count = self._stream.readinto(buffer)
            except (OSError, ValueError) as error:
                raise hal.link_failure(error)
            if count is not None:
                break
            # A TLS stream can hold back what came, until a whole record of it is there.
            if not self._wait_to_read(deadline_ms):
                return 0
        if not count:
            raise hal.HardwareError("closed")
        return count

    def write(self, data, deadline_ms: int) -> None:
        rest = memoryview(data)
        while rest:
            try:
                sent = self._stream.write(rest)
            except (OSError, ValueError) as error:
                raise hal.link_failure(error)
            if sent:
                rest = rest[sent:]
            elif not self._wait_to_write(deadline_ms):
                raise hal.HardwareError("timeout")

    def close(self) -> None:
        self._stream.close()
