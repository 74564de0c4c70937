# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The durable queue of records on raw flash, which a power cut at any byte of any operation cannot break.

The law this file keeps: a record that `append` returned is there until a receipt frees it or the full ring overwrites
the oldest, and what was overwritten unsent is told as a gap. Receipts and dates clear bits and cost no erase: with 62
records to a block the queue erases 0.016 blocks per record.
"""

import struct

from . import slots
from .loading import PassingModules
from .ring import SLOTS_PER_BLOCK, FlashFailed, Ring

__all__ = ["FlashFailed", "Queue"]

_HINT = "<BIBIIBB"


class Queue:
    """Records in the order in which they were measured; each keeps the channels it was measured with."""

    def __init__(self, flash, configuration_no, channels):
        self.log_id = 0
        self.next_record_no = 1
        self._ring = Ring(flash)
        self._configuration_no = configuration_no
        self._channels = [tuple(channel) for channel in channels]
        self._front = (0, 0)  # no record before this place lacks a receipt
        self._may_have_gaps = True

    def mount(self, random_bytes, hint=b""):
        """Find the newest record and the oldest pending one, from `hint` where it still holds; format blank flash."""
        if self._mount_from_hint(hint):
            return
        if self._ring.find_newest():
            self._mount_from_scan()
        else:
            self.log_id = int.from_bytes(random_bytes(4), "little")
            self._ring.start(**self._header_fields((0, 0)))
            self._front = (self._ring.newest.sequence, 0)

    def hint(self):
        """Return where things are, for `mount` after the next deep sleep."""
        block, sequence, slot = self._ring.position()
        return struct.pack(_HINT, block, sequence, slot, self.next_record_no, *self._front, self._may_have_gaps)

    def append(self, boot_no, monotonic_ms, utc_ms, values, is_test=False, clock_quality=0):
        """Write one record and return its number; it is on flash when this returns."""
        data = slots.encode_record(self.next_record_no, boot_no, monotonic_ms, utc_ms, values, is_test, clock_quality)
        if not self._is_of_this_configuration(self._ring.newest):
            self._enter_next_block()
        if not self._ring.write(data):
            self._enter_next_block()
            if not self._ring.write(data):
                raise FlashFailed("no slot of a fresh block kept record %d" % self.next_record_no)
        self.next_record_no += 1
        return self.next_record_no - 1

    def erases(self):
        """Return how many blocks were erased to be entered, since the flash was formatted."""
        return self._ring.newest.sequence

    def newest_record(self):
        """Return the last record written, receipted or not; None when the newest two blocks hold none."""
        for _, record in self._newest_first():
            return record
        return None

    def newest_utc_ms(self):
        """Return the latest date in the newest two blocks; 0 when no record there is dated."""
        for _, record in self._newest_first():
            if record.utc_ms is not None:
                return record.utc_ms
        return 0

    def has_new_configuration(self):
        """True while no record has been written with the configuration that this queue was given."""
        return not self._is_of_this_configuration(self._ring.newest) or self.next_record_no == 1

    def pending(self):
        """Yield (sequence of its block, slot, Record) of each record without a receipt, oldest first."""
        for sequence, slot, record in self._ring.walk(self._front):
            if not record.is_receipted:
                yield sequence, slot, record

    def oldest_pending_no(self):
        """Return the number of the oldest record without a receipt; the next record's number when there is none."""
        for _, _, record in self.pending():
            return record.record_no
        return self.next_record_no

    def to_send(self):
        """Yield (Header, Record) of each record to send, oldest first: dated, without a receipt, not set aside."""
        header = None
        for sequence, _, record in self.pending():
            if record.is_set_aside or record.utc_ms is None:
                continue
            if header is None or header.sequence != sequence:
                header = self._ring.header(sequence)
            yield header, record

    def held_between(self, first, last):
        """Yield (Header, Record) of each dated record with a number from `first` to `last`, receipted or not."""
        header = None
        for sequence, _, record in self._ring.walk((0, 0)):
            if record.record_no > last:
                return
            if record.record_no >= first and record.utc_ms is not None:
                if header is None or header.sequence != sequence:
                    header = self._ring.header(sequence)
                yield header, record

    def has_undated(self):
        """True when a record without a receipt has no date."""
        return any(record.utc_ms is None for _, _, record in self.pending())

    def date_records(self, boot_no, utc_at, clock_quality=0):
        """Date every undated record of boot `boot_no` for ever; return how many were dated.

        `utc_at(monotonic_ms)` gives the date. One that was torn by a power cut is finished by the same date.
        """
        with PassingModules():
            from .undated import date_records

            return date_records(self._ring, self._front, boot_no, utc_at, clock_quality)

    def date_by_guess(self, is_given_up, clock_quality, stepped_boot_no=None):
        """Date the undated records of which `is_given_up(record)`, each after the one before it; return how many.

        A record is put as long after the one before it as the boot they share tells, so the guess is a lower bound; in
        the boot `stepped_boot_no`, whose clock was set back, only the order is kept.
        """
        with PassingModules():
            from .undated import date_by_guess

            return date_by_guess(self._ring, self._front, is_given_up, clock_quality, stepped_boot_no)

    def mark_receipted(self, ranges):
        """Keep for ever that the records in the (first, last) `ranges` are done; return how many were new."""
        marked = 0
        end = max((last for _, last in ranges), default=0)
        for sequence, slot, record in self.pending():
            if record.record_no > end:
                break
            if any(first <= record.record_no <= last for first, last in ranges):
                self._ring.clear_bits(sequence, slot, slots.RECEIPTED_AT, slots.MARK)
                marked += 1
        if marked:
            self._advance_front()
        return marked

    def set_aside(self, first, last):
        """Keep for ever that the gateway refused these records: they stay, and are not sent again."""
        for sequence, slot, record in self._ring.walk(self._front):
            if first <= record.record_no <= last:
                self._ring.clear_bits(sequence, slot, slots.SET_ASIDE_AT, slots.MARK)

    def newest_to_send(self):
        """Yield (Header, Record) of records to send, newest first, as far back as the newest two blocks reach."""
        for header, record in self._newest_first():
            if not (record.is_receipted or record.is_set_aside or record.utc_ms is None):
                yield header, record

    def untold_gaps(self):
        """Return [(first, last)] of the records that were overwritten unsent and not yet told, oldest first."""
        gaps = []
        if self._may_have_gaps:
            for header in self._headers_with_gaps():
                if gaps and header.lost_first <= gaps[-1][1] + 1:
                    gaps[-1] = (gaps[-1][0], max(gaps[-1][1], header.lost_last))
                else:
                    gaps.append((header.lost_first, header.lost_last))
            self._may_have_gaps = bool(gaps)
        return gaps

    def mark_gaps_told(self, gaps):
        """Keep for ever that the gateway knows of these (first, last)."""
        for header in self._headers_with_gaps():
            if any(first <= header.lost_first and header.lost_last <= last for first, last in gaps):
                self._ring.mark_block(header.sequence, slots.GAP_TOLD_AT)

    def _is_of_this_configuration(self, header):
        return header.configuration_no == self._configuration_no and header.channels == self._channels

    def _mount_from_hint(self, hint):
        if len(hint) != struct.calcsize(_HINT):
            return False
        block, sequence, slot, next_record_no, front_sequence, front_slot, may_have_gaps = struct.unpack(_HINT, hint)
        if not self._ring.stand_at(block, sequence, slot) or self._ring.header(front_sequence) is None:
            return False
        last = self._ring.read(sequence, slot - 1) if slot else None
        written_last = last.record_no if last is not None else self._ring.newest.first_record_no - 1
        if written_last != next_record_no - 1:
            return False
        self.log_id = self._ring.newest.log_id
        self.next_record_no = next_record_no
        self._front = (front_sequence, front_slot)
        self._may_have_gaps = bool(may_have_gaps)
        return True

    def _mount_from_scan(self):
        newest = self._ring.newest
        self.log_id = newest.log_id
        last = self.newest_record()
        self.next_record_no = max(newest.first_record_no, last.record_no + 1 if last is not None else 0)
        self._front = (newest.sequence, 0)
        for sequence in range(newest.sequence, self._ring.oldest_sequence() - 1, -1):
            header = self._ring.header(sequence)
            if header is not None and not header.is_freed:
                self._front = (sequence, 0)
        self._advance_front()

    def _newest_first(self):
        """Yield (Header, Record) of the newest two blocks, newest first."""
        newest = self._ring.newest.sequence
        for sequence, end in ((newest, self._ring.next_slot), (newest - 1, SLOTS_PER_BLOCK)):
            header = self._ring.header(sequence)
            if header is not None:
                for slot in range(end - 1, -1, -1):
                    record = self._ring.read(sequence, slot)
                    if record is not None:
                        yield header, record

    def _enter_next_block(self):
        lost = self._lost_with(self._ring.oldest_sequence())
        self._ring.enter(**self._header_fields(lost))
        self._may_have_gaps = self._may_have_gaps or lost != (0, 0)
        if self._front < (self._ring.oldest_sequence(), 0):
            self._advance_front()

    def _lost_with(self, sequence):
        """Return (first, last) of what overwriting this block loses: records without a receipt, and its untold gap."""
        header = self._ring.header(sequence)
        if header is None:
            return (0, 0)
        first, last = (0, 0) if header.is_gap_told else (header.lost_first, header.lost_last)
        if not header.is_freed:
            for slot in range(SLOTS_PER_BLOCK):
                record = self._ring.read(sequence, slot)
                if record is not None and not record.is_receipted:
                    first, last = first or record.record_no, record.record_no
        return (first, last)

    def _header_fields(self, lost):
        return {
            "log_id": self.log_id,
            "first_record_no": self.next_record_no,
            "configuration_no": self._configuration_no,
            "channels": self._channels,
            "lost_first": lost[0],
            "lost_last": lost[1],
        }

    def _advance_front(self):
        """Move the front to the oldest record without a receipt, and mark the blocks it has left as freed."""
        left = max(self._front[0], self._ring.oldest_sequence())
        self._front = self._oldest_pending_place()
        for sequence in range(left, self._front[0]):
            header = self._ring.header(sequence)
            if header is not None and not header.is_freed:
                self._ring.mark_block(sequence, slots.FREED_AT)

    def _oldest_pending_place(self):
        for sequence, slot, _ in self.pending():
            return (sequence, slot)
        return (self._ring.newest.sequence, self._ring.next_slot)

    def _headers_with_gaps(self):
        for sequence in range(self._ring.oldest_sequence(), self._ring.newest.sequence + 1):
            header = self._ring.header(sequence)
            if header is not None and header.lost_first and not header.is_gap_told:
                yield header
