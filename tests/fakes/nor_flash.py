# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Raw NOR flash in memory, strict about what flash can do, with a power cut at any chosen operation."""

from firmware.station.hal import FlashRegion

PAGE_BYTES = 256


class RuleBroken(Exception):
    """The code asked of the flash what no flash can do."""


class PowerCut(BaseException):
    """The supply went away in the middle of an operation; nothing but a new mount may follow."""


class NorFlash(FlashRegion):
    """`cut_at` counts operations down from there on; the one that reaches 0 is done in part, drawn from `seed`."""

    def __init__(self, block_count=8, seed=1):
        self.block_count = block_count
        self.content = bytearray(b"\xff" * (block_count * self.block_bytes))
        self.erases = 0
        self.programs = 0
        self.cut_at = 0
        self.cut_in = ""
        self._random = seed

    def read_into(self, offset, buffer):
        if offset + len(buffer) > len(self.content):
            raise RuleBroken(f"read of {len(buffer)} bytes at {offset} runs past the end")
        buffer[:] = self.content[offset : offset + len(buffer)]

    def program(self, offset, data):
        if len(data) == 0 or offset // PAGE_BYTES != (offset + len(data) - 1) // PAGE_BYTES:
            raise RuleBroken(f"program of {len(data)} bytes at {offset} does not lie in one page")
        self.programs += 1
        for index, byte in enumerate(data):
            if byte & ~self.content[offset + index] & 0xFF:
                raise RuleBroken(f"program at {offset + index} would set a bit")
        if self._is_cut("program"):
            # Whole bytes first, then bytes of which only some bits have been cleared.
            whole = self._draw(len(data) + 1)
            for index, byte in enumerate(data):
                mask = 0 if index < whole else self._draw(256) | self._draw(256)
                self.content[offset + index] &= byte | mask
            raise PowerCut
        for index, byte in enumerate(data):
            self.content[offset + index] &= byte

    def erase(self, block_no):
        if not 0 <= block_no < self.block_count:
            raise RuleBroken(f"no block {block_no}")
        self.erases += 1
        start = block_no * self.block_bytes
        if self._is_cut("erase"):
            # From untouched to nearly done: each byte has some of its bits back at 1, as far as the draw goes.
            done = self._draw(257)
            for index in range(start, start + self.block_bytes):
                if self._draw(256) < done:
                    self.content[index] |= self._draw(256) | self._draw(256)
            raise PowerCut
        self.content[start : start + self.block_bytes] = b"\xff" * self.block_bytes

    def _is_cut(self, operation):
        if self.cut_at == 0:
            return False
        self.cut_at -= 1
        if self.cut_at == 0:
            self.cut_in = operation
        return self.cut_at == 0

    def _draw(self, limit):
        # Numerical Recipes' generator: the same numbers on every interpreter.
        self._random = (self._random * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self._random >> 8) % limit
