"""Look into the record queue of a virtual station from outside, with the station's own code."""

from firmware.station.queue import Queue
from firmware.virtual.host.flash_image import FILE_SYSTEM_BLOCKS, FlashImage
from firmware.virtual.rom.nor_flash import BLOCK_BYTES, WEAR_HEADER_BYTES, FlashRegion, NorFlash

__all__ = ["count_records", "count_waiting"]


def count_records(flash: FlashImage) -> int:
    """Return how many records the station has ever put into its queue."""
    return int(_queue_on(flash).next_record_no) - 1


def count_waiting(flash: FlashImage, until_ms: int) -> int:
    """Return how many records measured up to and including `until_ms` wait for a receipt, those refused left out.

    A record without a date is taken to be of that time.
    """
    pending = [record for _, _, record in _queue_on(flash).pending() if not record.is_set_aside]
    return sum(record.utc_ms is None or record.utc_ms <= until_ms for record in pending)


def _queue_on(flash: FlashImage) -> Queue:
    """Return the queue on a copy of the flash, which itself is left as it is."""
    cells = bytearray(flash.cells_path.read_bytes())
    block_count = len(cells) // BLOCK_BYTES
    chip = NorFlash(cells, bytearray(WEAR_HEADER_BYTES + 4 * block_count), lambda: None)
    queue = Queue(FlashRegion(chip, FILE_SYSTEM_BLOCKS, block_count - FILE_SYSTEM_BLOCKS), 0, [])
    queue.mount(lambda count: bytes(count))
    return queue
