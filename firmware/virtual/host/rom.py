"""What every virtual board has in its ROM, compiled once for all boards of this process."""

import functools
import tempfile
from pathlib import Path

from firmware.flash.plan import compile_rom

__all__ = ["rom_folder"]

_folders: list[tempfile.TemporaryDirectory[str]] = []  # removed when this process ends


@functools.cache
def rom_folder() -> Path:
    """Return the folder with the compiled ROM, made at the first call."""
    _folders.append(tempfile.TemporaryDirectory(prefix="virtual-rom-"))
    folder = Path(_folders[0].name)
    for file in compile_rom("virtual"):
        (folder / file.path.lstrip("/")).write_bytes(file.data)
    return folder
