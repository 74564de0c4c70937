# MicroPython's unix port only: what the stations of power_cuts.py start in place of firmware/main.py.
"""The station's application, with a witness of what the queue acknowledged and a power cut where the test wants it.

Beside the flash image, on the host: `wanted-cut.json` says [phase, n], cut in the n-th operation of that phase in this
run, or, in the phase "receipt", when the n-th receipt of something new has come and nothing of it is kept yet;
`acknowledged.jsonl` gets [record_no, utc_ms, channels, values] of each record when `Queue.append` has returned.
"""

import json
import struct

import chip
import nor_flash
import station.app
from board import Board
from station import slots
from station.queue import Queue

FOLDER = chip.run["flash"].rsplit("/", 1)[0]


def phase_of_program(region, offset):
    """Return what the station does with a program at this offset of a region."""
    if region is chip.file_system:
        return "file"
    in_block = offset % nor_flash.BLOCK_BYTES
    if in_block < slots.HEADER_BYTES:
        return "rotate" if in_block == 0 else "cursor"
    in_slot = (in_block - slots.HEADER_BYTES) % slots.SLOT_BYTES
    if in_slot in (slots.RECEIPTED_AT, slots.SET_ASIDE_AT):
        return "cursor"
    return "write" if in_slot == 0 else "date"


class Cutter:
    """Knows when the n-th of the wanted phase is about to begin, and makes the supply fail then."""

    def __init__(self):
        with chip.host_files.open(FOLDER + "/wanted-cut.json", "r") as file:
            self._phase, self._left = json.load(file)

    def cut_in_operation(self, phase):
        """Ask the chip to fail in its next operation, where that is wanted in this phase."""
        if self._is_due(phase):
            self._tell_chip(1)

    def cut_now(self, phase):
        """Fail between two operations, where that is wanted in this phase; the bench sees a cut in the last one."""
        if self._is_due(phase):
            self._tell_chip(0)
            chip.cut_power()

    def _is_due(self, phase):
        self._left -= phase == self._phase
        return phase == self._phase and self._left == 0

    def _tell_chip(self, following):
        with chip.host_files.open(chip.run["wear"], "r+b") as wear:
            (operations,) = struct.unpack("<I", wear.read(4))
            wear.seek(4 * nor_flash.CUT_IN)
            wear.write(struct.pack("<I", operations + following))


cutter = Cutter()
program, erase = nor_flash.FlashRegion.program, nor_flash.FlashRegion.erase
append, mark_receipted = Queue.append, Queue.mark_receipted


def program_or_cut(region, offset, data):
    cutter.cut_in_operation(phase_of_program(region, offset))
    program(region, offset, data)


def erase_or_cut(region, block_no):
    cutter.cut_in_operation("file" if region is chip.file_system else "erase")
    erase(region, block_no)


def append_and_tell(queue, boot_no, monotonic_ms, utc_ms, values, *more):
    record_no = append(queue, boot_no, monotonic_ms, utc_ms, values, *more)
    with chip.host_files.open(FOLDER + "/acknowledged.jsonl", "ab") as file:
        file.write(json.dumps([record_no, utc_ms, queue._channels, values]).encode() + b"\n")
    return record_no


def mark_receipted_or_cut(queue, ranges):
    if any(queue.oldest_pending_no() <= last for _, last in ranges):
        cutter.cut_now("receipt")
    return mark_receipted(queue, ranges)


nor_flash.FlashRegion.program = program_or_cut
nor_flash.FlashRegion.erase = erase_or_cut
Queue.append = append_and_tell
Queue.mark_receipted = mark_receipted_or_cut
station.app.run(Board())
