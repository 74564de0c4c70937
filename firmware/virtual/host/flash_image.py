"""The flash chip of a virtual station as files of the host: its cells and its wear record."""

import mmap
import struct
from pathlib import Path

from firmware.virtual.rom.nor_flash import (
    BLOCK_BYTES,
    CUT_IN,
    ERASES,
    FAULTS,
    OPERATIONS,
    PROGRAMS,
    WEAR_HEADER,
    WEAR_HEADER_BYTES,
)

__all__ = ["FILE_SYSTEM_BLOCKS", "FLASH_BYTES", "FlashImage"]

FILE_SYSTEM_BLOCKS = 128  # as in rom/chip.py; all that follow hold the record queue
FLASH_BYTES = 2 * FILE_SYSTEM_BLOCKS * BLOCK_BYTES


class FlashImage:
    """Open the image in `folder`, creating an erased one where there is none; the contents outlive the object."""

    def __init__(self, folder: Path) -> None:
        self.cells_path = folder / "flash.bin"
        self.wear_path = folder / "flash-wear.bin"
        if not self.cells_path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            self.cells_path.write_bytes(b"\xff" * FLASH_BYTES)
            self.wear_path.write_bytes(bytes(WEAR_HEADER_BYTES + 4 * (FLASH_BYTES // BLOCK_BYTES)))
        with self.wear_path.open("r+b") as file:
            self._wear = mmap.mmap(file.fileno(), 0)

    def close(self) -> None:
        self._wear.close()

    @property
    def operations(self) -> int:
        return self._header()[OPERATIONS]

    @property
    def programs(self) -> int:
        return self._header()[PROGRAMS]

    @property
    def erases(self) -> int:
        return self._header()[ERASES]

    @property
    def faults(self) -> int:
        """Return how often the firmware asked for something that a NOR chip cannot do."""
        return self._header()[FAULTS]

    def erases_of_block(self, block_no: int) -> int:
        return int(struct.unpack_from("<I", self._wear, WEAR_HEADER_BYTES + 4 * block_no)[0])

    def cut_power_in_operation(self, count: int) -> None:
        """Let the power fail in the `count`-th operation from now (1: the next)."""
        if count < 1:
            raise ValueError(f"operation {count}: expected 1 for the next, 2 for the one after, ...")
        struct.pack_into("<I", self._wear, 4 * CUT_IN, self.operations + count)

    def power_was_cut(self) -> bool:
        """Return whether the power failed in the operation asked for; it is asked for no more."""
        cut_in = self._header()[CUT_IN]
        if cut_in == 0 or self.operations < cut_in:
            return False
        struct.pack_into("<I", self._wear, 4 * CUT_IN, 0)
        return True

    def _header(self) -> tuple[int, ...]:
        return struct.unpack_from(WEAR_HEADER, self._wear)
