# Shared dialect: runs on MicroPython, and on CPython.
"""What a station remembers through deep sleep, and the boot number it never uses twice."""

import os

from firmware.station.adaptive import STATE_BYTES
from firmware.station.hal import RTC_MEMORY_BYTES
from firmware.station.memory import Memory, count_boot, recall
from firmware.station.recent import BYTES
from tests.firmware.station.expecting import new_folder


def remembered():
    memory = Memory()
    memory.boot_no = 70_000
    memory.message_no = 12
    memory.is_born = True
    memory.queue_hint = bytes(range(21))
    memory.clock = bytes(range(32))
    memory.power = bytes(range(40))
    memory.intervals = bytes(STATE_BYTES) + bytes(BYTES)
    return memory


def test_what_was_packed_is_recalled():
    memory = recall(remembered().pack())
    assert (memory.boot_no, memory.message_no, memory.queue_hint) == (70_000, 12, bytes(range(21)))
    assert (memory.clock, memory.power) == (bytes(range(32)), bytes(range(40)))
    assert memory.intervals == bytes(STATE_BYTES + BYTES)
    assert (memory.is_born, memory.awaits_receipts, memory.is_new_boot) == (True, False, False)


def test_it_fits_into_what_every_board_keeps():
    assert len(remembered().pack()) <= RTC_MEMORY_BYTES


def test_damaged_memory_makes_a_new_boot():
    packed = remembered().pack()
    for index in range(len(packed)):
        damaged = bytearray(packed)
        damaged[index] ^= 0x40
        assert recall(bytes(damaged)).is_new_boot, index
        assert recall(packed[:index]).is_new_boot, index


def test_a_boot_number_never_comes_again():
    root = new_folder("boots")
    assert [count_boot(root, 0) for _ in range(3)] == [1, 2, 3]
    os.remove(root + "/boot_no")
    assert count_boot(root, 3) == 4, "the file is gone, the queue knows"
    with open(root + "/boot_no", "w") as file:
        file.write("torn")
    assert count_boot(root, 4) == 5, "the file is unreadable"
    assert count_boot(root + "/absent", 8) == 9, "it cannot be kept"
