"""What every virtual board has in its ROM, compiled once for all boards of this process."""

import functools
import tempfile
import threading
from pathlib import Path

from firmware.flash.plan import compile_rom

__all__ = ["rom_folder"]


# Boards are started in several threads: without it each would compile a ROM, and all but one be gone at once.
_compiling = threading.Lock()


def rom_folder() -> Path:
    """Return the folder with the compiled ROM, which is there until this process ends."""
    with _compiling:
        return Path(_compiled().name)


@functools.cache
def _compiled() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="virtual-rom-")
    for file in compile_rom("virtual"):
        Path(folder.name + file.path).write_bytes(file.data)
    return folder
