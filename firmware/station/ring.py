# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""A ring of flash blocks with record slots in them: where things are, and how the ring moves on.

The law this file keeps: only the block that the ring enters is erased, and a block counts only once its header is
whole, so that a power cut inside `enter` leaves the ring as it was. A place is (sequence of the block, slot); sequences
rise by one for ever, so places compare by age.
"""

from . import slots

SLOTS_PER_BLOCK = (4096 - slots.HEADER_BYTES) // slots.SLOT_BYTES


class FlashFailed(Exception):
    """The flash does not hold what was written to it; the message says which block."""


class Ring:
    """The blocks of a FlashRegion in the order in which they were entered; `newest` is the Header of the last."""

    def __init__(self, flash):
        self.newest = None
        self.next_slot = 0
        self.slot_bytes = bytearray(slots.SLOT_BYTES)  # the slot read last
        self._flash = flash
        self._newest_block = 0

    def find_newest(self):
        """Read every block's header and stand behind the last slot ever begun; return False on flash without a ring."""
        self.newest = None
        for block in range(self._flash.block_count):
            header = self._header_of_block(block)
            if header is not None and (self.newest is None or header.sequence > self.newest.sequence):
                self.newest = header
                self._newest_block = block
        if self.newest is None:
            return False
        self.next_slot = SLOTS_PER_BLOCK
        while self.next_slot and self._is_blank(self.next_slot - 1):
            self.next_slot -= 1
        return True

    def stand_at(self, block, sequence, slot):
        """Stand where a hint says the ring ended; return False when the flash says otherwise."""
        if block >= self._flash.block_count or slot > SLOTS_PER_BLOCK:
            return False
        self.newest = self._header_of_block(block)
        self._newest_block = block
        self.next_slot = slot
        if self.newest is None or self.newest.sequence != sequence:
            return False
        following = self._header_of_block((block + 1) % self._flash.block_count)
        if following is not None and following.sequence > sequence:
            return False
        return slot == SLOTS_PER_BLOCK or self._is_blank(slot)

    def position(self):
        """Return (block, sequence, slot) for `stand_at`."""
        return self._newest_block, self.newest.sequence, self.next_slot

    def start(self, **header_fields):
        """Begin a ring on flash that holds none."""
        self._begin_block(0, 1, header_fields)

    def enter(self, **header_fields):
        """Erase the oldest block and begin it as the newest."""
        self._begin_block((self._newest_block + 1) % self._flash.block_count, self.newest.sequence + 1, header_fields)

    def write(self, data):
        """Write `data` into the next slot of the newest block that holds it; return False when the block is full."""
        while self.next_slot < SLOTS_PER_BLOCK:
            slot = self.next_slot
            self.next_slot += 1
            self._flash.program(self._offset(self.newest.sequence, slot), data)
            self._read_slot(self.newest.sequence, slot)
            if self.slot_bytes == data:
                return True
        return False

    def oldest_sequence(self):
        """Return the lowest sequence that the ring can still hold."""
        return self.newest.sequence - self._flash.block_count + 1

    def header(self, sequence):
        """Return the Header of this block, or None when it was overwritten or cannot be read."""
        if not self.oldest_sequence() <= sequence <= self.newest.sequence:
            return None
        header = self._header_of_block(self._block(sequence))
        return header if header is not None and header.sequence == sequence else None

    def read(self, sequence, slot):
        """Return the Record in a slot, or None; its bytes stay in `slot_bytes`."""
        self._read_slot(sequence, slot)
        return slots.decode_record(self.slot_bytes)

    def walk(self, place):
        """Yield (sequence, slot, Record) from `place` to the newest record."""
        sequence, slot = max(place, (self.oldest_sequence(), 0))
        while sequence <= self.newest.sequence:
            is_newest = sequence == self.newest.sequence
            if is_newest or self.header(sequence) is not None:
                for index in range(slot, self.next_slot if is_newest else SLOTS_PER_BLOCK):
                    record = self.read(sequence, index)
                    if record is not None:
                        yield sequence, index, record
            sequence, slot = sequence + 1, 0

    def clear_bits(self, sequence, slot, at, data):
        """Write `data` into bytes of a slot that were left blank for it."""
        self._flash.program(self._offset(sequence, slot) + at, data)

    def mark_block(self, sequence, at):
        """Set one of the marks in a block's header."""
        self._flash.program(self._block(sequence) * self._flash.block_bytes + at, slots.MARK)

    def _begin_block(self, block, sequence, header_fields):
        self._flash.erase(block)
        self._flash.program(block * self._flash.block_bytes, slots.encode_header(sequence, **header_fields))
        header = self._header_of_block(block)
        if header is None:
            raise FlashFailed("block %d of the queue did not keep its header" % block)
        self.newest = header
        self._newest_block = block
        self.next_slot = 0

    def _header_of_block(self, block):
        buffer = bytearray(slots.HEADER_BYTES)
        self._flash.read_into(block * self._flash.block_bytes, buffer)
        return slots.decode_header(buffer)

    def _read_slot(self, sequence, slot):
        self._flash.read_into(self._offset(sequence, slot), self.slot_bytes)

    def _is_blank(self, slot):
        self._read_slot(self.newest.sequence, slot)
        return slots.is_blank(self.slot_bytes)

    def _block(self, sequence):
        return (self._newest_block - (self.newest.sequence - sequence)) % self._flash.block_count

    def _offset(self, sequence, slot):
        return self._block(sequence) * self._flash.block_bytes + slots.HEADER_BYTES + slot * slots.SLOT_BYTES
