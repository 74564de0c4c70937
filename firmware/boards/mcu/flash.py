# Shared dialect: runs on the microcontroller ports of MicroPython.
"""Raw flash behind MicroPython's extended block protocol (readblocks and writeblocks with an offset)."""

from station import hal

ERASE_BLOCK = 6  # operation of ioctl
PAGE_BYTES = 256


class BlockDeviceRegion(hal.FlashRegion):
    """`pads_pages` for flash that is programmed in whole pages only: the rest of the page is written as ones."""

    def __init__(self, device, block_count: int, pads_pages: bool) -> None:
        self.block_count = block_count
        self._device = device
        self._pads_pages = pads_pages

    def read_into(self, offset: int, buffer) -> None:
        self._device.readblocks(offset // self.block_bytes, buffer, offset % self.block_bytes)

    def program(self, offset: int, data) -> None:
        if self._pads_pages:
            start = offset % PAGE_BYTES
            page = bytearray(b"\xff" * PAGE_BYTES)
            page[start : start + len(data)] = data
            offset, data = offset - start, page
        self._device.writeblocks(offset // self.block_bytes, data, offset % self.block_bytes)

    def erase(self, block_no: int) -> None:
        self._device.ioctl(ERASE_BLOCK, block_no)
