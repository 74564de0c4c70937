# Shared dialect: runs on MicroPython as the virtual board's flash chip, and on CPython in its tests.
"""A NOR flash chip over a memory image, and its wear record.

The law this file keeps: erasing sets every bit of a block, programming only clears bits within one page. A program that
would set a bit is counted and refused, since a real chip would store something else without a word. Power can be cut
inside any operation; what that leaves is a part of a page programmed, or a part of a block erased.
"""

import struct

BLOCK_BYTES = 4096
PAGE_BYTES = 256
BLANK_PAGE = b"\xff" * PAGE_BYTES

# The wear record: five counters and a request, then the number of erases of each block.
WEAR_HEADER = "<IIIII"  # operations, programs, erases, faults, and the operation in which to cut the power (0: in none)
WEAR_HEADER_BYTES = struct.calcsize(WEAR_HEADER)
OPERATIONS, PROGRAMS, ERASES, FAULTS, CUT_IN = 0, 1, 2, 3, 4  # places in it


class FlashFault(Exception):
    """An operation that a NOR chip cannot do."""


class NorFlash:
    """`cells` and `wear` are byte buffers that outlive the process; `cut_power()` does not return."""

    def __init__(self, cells, wear, cut_power):
        self.block_count = len(cells) // BLOCK_BYTES
        self._cells = memoryview(cells)
        self._wear = wear
        self._cut_power = cut_power

    def cells(self, offset, length):
        """Return a view of the cells, to be read and never written."""
        self._check(offset, length)
        return self._cells[offset : offset + length]

    def program(self, offset, data):
        self._check(offset, len(data))
        if offset % PAGE_BYTES + len(data) > PAGE_BYTES:
            self._refuse(f"program of {len(data)} bytes at 0x{offset:x} crosses a page")
        cells = self._cells[offset : offset + len(data)]
        wanted = int.from_bytes(data, "little")
        if int.from_bytes(cells, "little") & wanted != wanted:
            self._refuse(f"program at 0x{offset:x} would set a bit without an erase")
        programmed = self._begin(PROGRAMS)
        if programmed is not None:
            length = programmed % (len(data) + 1)
            cells[:length] = data[:length]
            if length < len(data):  # the byte the supply failed in: some of its bits are cleared, some not yet
                cells[length] = cells[length] & (data[length] | 0x5A)
            self._cut_power()
        cells[:] = data

    def erase(self, block_no):
        if not 0 <= block_no < self.block_count:
            self._refuse(f"erase of block {block_no} of {self.block_count}")
        first = block_no * BLOCK_BYTES
        erased = self._begin(ERASES)
        count_at = WEAR_HEADER_BYTES + 4 * block_no
        struct.pack_into("<I", self._wear, count_at, struct.unpack_from("<I", self._wear, count_at)[0] + 1)
        if erased is not None:
            length = erased % (BLOCK_BYTES + 1)
            self._blank(first, length)
            if length < BLOCK_BYTES:
                self._cells[first + length] |= 0x5A
            self._cut_power()
        self._blank(first, BLOCK_BYTES)

    def _blank(self, offset, length):
        # By the page: what a chip does within itself must not need a block of the application's heap.
        for at in range(offset, offset + length, PAGE_BYTES):
            count = min(PAGE_BYTES, offset + length - at)
            self._cells[at : at + count] = BLANK_PAGE[:count]

    def _begin(self, counter):
        """Count an operation; return None, or a number that says where in it the power is to fail."""
        operation = self._count(OPERATIONS)
        self._count(counter)
        if operation != struct.unpack_from("<I", self._wear, 4 * CUT_IN)[0]:
            return None
        return operation * 2654435761 >> 7  # spreads the places of successive cuts over the page or block

    def _count(self, counter):
        value = struct.unpack_from("<I", self._wear, 4 * counter)[0] + 1
        struct.pack_into("<I", self._wear, 4 * counter, value)
        return value

    def _refuse(self, what):
        self._count(FAULTS)
        raise FlashFault(what)

    def _check(self, offset, length):
        if offset < 0 or offset + length > len(self._cells):
            self._refuse(f"{length} bytes at 0x{offset:x} lie outside the chip")


class FlashRegion:
    """Blocks `first_block` to `first_block + block_count - 1` of a chip, with offsets of its own (hal.FlashRegion)."""

    block_bytes = BLOCK_BYTES

    def __init__(self, flash, first_block, block_count):
        self.block_count = block_count
        self._flash = flash
        self._first_block = first_block
        self._cells = flash.cells(first_block * BLOCK_BYTES, block_count * BLOCK_BYTES)

    def read_into(self, offset, buffer):
        # Short, since a file system reads thousands of times in a wake.
        end = offset + len(buffer)
        if offset < 0 or end > len(self._cells):
            raise FlashFault(f"{len(buffer)} bytes at 0x{offset:x} lie outside the region")
        buffer[:] = self._cells[offset:end]

    def program(self, offset, data):
        self._flash.program(self._at(offset, len(data)), data)

    def erase(self, block_no):
        self._at(block_no * BLOCK_BYTES, BLOCK_BYTES)
        self._flash.erase(self._first_block + block_no)

    def _at(self, offset, length):
        if offset < 0 or offset + length > self.block_count * BLOCK_BYTES:
            raise FlashFault(f"{length} bytes at 0x{offset:x} lie outside the region")
        return self._first_block * BLOCK_BYTES + offset


class BlockDevice:
    """A region as MicroPython's file systems want it (the extended interface of vfs.AbstractBlockDev)."""

    def __init__(self, region):
        self._region = region

    def readblocks(self, block_no, buffer, offset=0):
        self._region.read_into(block_no * BLOCK_BYTES + offset, memoryview(buffer))

    def writeblocks(self, block_no, buffer, offset=0):
        data = memoryview(buffer)
        at = block_no * BLOCK_BYTES + offset
        done = 0
        while done < len(data):
            length = min(PAGE_BYTES - at % PAGE_BYTES, len(data) - done)
            self._region.program(at, data[done : done + length])
            at += length
            done += length

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._region.block_count
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:
            self._region.erase(argument)
        return 0
