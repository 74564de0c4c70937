"""Writing an image to a board over its console with mpremote: only what differs is copied."""

import ast
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from firmware.flash.plan import ImagePlan, PlannedFile

__all__ = ["BoardConnection", "FlashError", "FlashResult", "write_image"]

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
   print(repr((path, ''.join('%02x' % byte for byte in digest.digest()))))
buffer = bytearray(512)
walk('')
"""


class FlashError(Exception):
    """The board could not be reached or refused a command; the message says where and what to do."""


@dataclass(frozen=True)
class FlashResult:
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


class BoardConnection:
    """The raw REPL of the board at a serial port or pseudo-terminal; a context manager."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._transport: SerialTransport | None = None

    def __enter__(self) -> "BoardConnection":
        with self._blame("open"):
            self._transport = SerialTransport(self._port, timeout=SILENCE_S)
        with self._blame("enter the raw REPL of"):
            self._transport.enter_raw_repl()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._transport is not None
        with contextlib.suppress(OSError):
            if self._transport.in_raw_repl:
                self._transport.exit_raw_repl()
            self._transport.close()

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of every file on the board, computed there, by absolute path."""
        with self._blame("hash the files of"):
            lines = self._board.exec(HASH_ALL_FILES).decode().split("\n")
        return dict(ast.literal_eval(line) for line in lines if line.strip())

    def write(self, file: PlannedFile) -> None:
        """Write one file; its folder must exist. A new version replaces the old one only when it is complete."""
        with self._blame(f"write {file.path} to"):
            unfinished = file.path + ".new"
            self._board.fs_writefile(unfinished, file.data, chunk_size=WRITE_BYTES)
            self._board.exec(f"import os\nos.rename({unfinished!r}, {file.path!r})")

    def make_folders(self, folders: list[str]) -> None:
        """Make folders that are not there; parents first."""
        with self._blame("make folders on"):
            self._board.exec(f"import os\nfor f in {folders!r}:\n try:\n  os.mkdir(f)\n except OSError as e:\n  if e.errno != 17:\n   raise")

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
    def _blame(self, what: str):  # type: ignore[no-untyped-def]
        try:
            yield
        except (TransportError, serial.SerialException, OSError) as error:
            raise FlashError(
                f"{self._port}: could not {what} the board ({str(error).strip()}); check that the port is right, that no other"
                f" program uses it, and that the board runs MicroPython"
            ) from error


def write_image(board: BoardConnection, plan: ImagePlan, report: Callable[[str], None] = lambda path: None) -> FlashResult:
    """Make the board hold the planned files, copying what differs and removing leftovers from the firmware's folders.

    `report(path)` is called before each file that is written. Other files on the board are left alone.
    """
    present = board.hashes()
    changed = [file for file in plan.files if present.get(file.path) != file.sha256]
    planned = {file.path for file in plan.files}
    leftovers = [path for path in present if path not in planned and path.startswith(tuple(f"{folder}/" for folder in plan.folders))]
    folders = {parent for file in changed for parent in _parents(file.path)}
    if folders:
        board.make_folders(sorted(folders))
    for path in leftovers:
        board.remove(path)
    for file in changed:
        report(file.path)
        board.write(file)
    unchanged = tuple(file.path for file in plan.files if file not in changed)
    return FlashResult(tuple(file.path for file in changed), unchanged, tuple(leftovers))


def _parents(path: str) -> list[str]:
    parts = path.split("/")[1:-1]
    return ["/" + "/".join(parts[: depth + 1]) for depth in range(len(parts))]
