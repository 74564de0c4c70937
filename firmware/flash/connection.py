"""The console of a board, reached through mpremote: the same for a board on USB and for a virtual station."""

import contextlib
from collections.abc import Iterator
from types import TracebackType

import serial
from mpremote import transport_serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from firmware.flash.plan import PlannedFile

__all__ = ["BoardConnection", "FlashError"]

# sys.platform on the board -> its name in image.toml
BOARD_OF_PLATFORM = {"linux": "virtual", "esp32": "esp32", "rp2": "rp2"}
# A board that says nothing for so long is not there.
SILENCE_S = 10
# Bytes of file per command: a quarter of what the smallest board has free while it serves the REPL.
WRITE_BYTES = 1024

# Run on the board: print path and SHA-256 of every file.
HASH_ALL_FILES = """
import os, hashlib
def walk(folder):
 for name, kind, *_ in os.ilistdir(folder or '/'):
  path = folder + '/' + name
  if kind & 0x4000:
   walk(path)
  else:
   digest = hashlib.sha256()
   with open(path, 'rb') as file:
    while True:
     count = file.readinto(buffer)
     if not count:
      break
     digest.update(memoryview(buffer)[:count])
   print(path + ':' + ''.join('%02x' % byte for byte in digest.digest()))
buffer = bytearray(512)
walk('')
"""
MAKE_FOLDERS = """
import os, errno
for folder in {folders!r}:
 try:
  os.mkdir(folder)
 except OSError as error:
  if error.errno != errno.EEXIST:
   raise
"""

# mpremote prints the bytes that it heard in place of a prompt. Boards are flashed in several threads at once, so that
# standard output, which all of them share, cannot be turned aside for it.
vars(transport_serial)["print"] = lambda *_heard, **_options: None


class FlashError(Exception):
    """The board could not be reached or refused a command; the message says where and what to do."""


class BoardConnection:
    """The raw REPL of the board at a serial port or pseudo-terminal; a context manager."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._transport: SerialTransport | None = None

    def __enter__(self) -> "BoardConnection":
        with self._blame("open"):
            self._transport = SerialTransport(self._port, timeout=SILENCE_S)
        try:
            with self._blame("enter the raw REPL of"):
                self._transport.enter_raw_repl(timeout_overall=SILENCE_S)
        except FlashError:
            self._transport.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._transport is not None
        with contextlib.suppress(OSError):
            if self._transport.in_raw_repl:
                self._transport.exit_raw_repl()
            self._transport.close()

    def board(self) -> str:
        """Return the kind of board as image.toml names it; raise FlashError for one that it does not know."""
        with self._blame("ask for the kind of"):
            platform = self._board.exec("import sys\nprint(sys.platform)").decode().strip()
        if platform not in BOARD_OF_PLATFORM:
            known = ", ".join(BOARD_OF_PLATFORM)
            raise FlashError(f"{self._port}: found MicroPython for {platform!r}; expected one of {known}")
        return BOARD_OF_PLATFORM[platform]

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of every file on the board, computed there, by absolute path."""
        with self._blame("hash the files of"):
            lines = self._board.exec(HASH_ALL_FILES).decode().split()
        return dict(line.split(":") for line in lines)

    def write(self, file: PlannedFile) -> None:
        """Write one file; its folder must exist. A new version replaces the old one only when it is complete."""
        with self._blame(f"write {file.path} to"):
            unfinished = file.path + ".new"
            self._board.fs_writefile(unfinished, file.data, chunk_size=WRITE_BYTES)
            self._board.exec(f"import os\nos.rename({unfinished!r}, {file.path!r})")

    def make_folders(self, folders: list[str]) -> None:
        """Make folders that are not there; parents first."""
        with self._blame("make folders on"):
            self._board.exec(MAKE_FOLDERS.format(folders=folders))

    def remove(self, path: str) -> None:
        with self._blame(f"remove {path} from"):
            self._board.fs_rmfile(path)

    def reset(self) -> None:
        """Restart the board into its application; it answers no more."""
        with self._blame("reset"):
            self._board.exec_raw_no_follow("import machine\nmachine.reset()")
            self._board.in_raw_repl = False

    @property
    def _board(self) -> SerialTransport:
        if self._transport is None:
            raise FlashError(f"{self._port}: not connected; use the connection in a with statement")
        return self._transport

    @contextlib.contextmanager
    def _blame(self, what: str) -> Iterator[None]:
        try:
            yield
        except (TransportError, serial.SerialException, OSError) as error:
            raise FlashError(
                f"{self._port}: could not {what} the board ({str(error).strip()}); check that the port is right,"
                f" that you may use it and no other program does, and that the board runs MicroPython"
            ) from error
