# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What a station remembers through deep sleep, and the boot number that it remembers through everything."""

import binascii
import struct

_LAYOUT = "<BIIBB"
_VERSION = 2
_IS_BORN = 0x01
_AWAITS_RECEIPTS = 0x02
_BOOT_FILE = "/boot_no"


class Memory:
    """The few bytes of RTC memory, guarded by a CRC: absent or damaged they make this run a new boot."""

    def __init__(self):
        self.boot_no = 0
        self.message_no = 0  # of the last birth, event or reply
        self.is_born = False  # this boot's birth has reached the broker
        self.awaits_receipts = False  # something was sent, or not sent, that no receipt has come for
        self.queue_hint = b""
        self.clock = b""
        self.is_new_boot = True

    def next_message_no(self):
        self.message_no += 1
        return self.message_no

    def pack(self):
        """Return the bytes to keep."""
        flags = (_IS_BORN if self.is_born else 0) | (_AWAITS_RECEIPTS if self.awaits_receipts else 0)
        data = struct.pack(_LAYOUT, _VERSION, self.boot_no, self.message_no, flags, len(self.queue_hint))
        data += self.queue_hint + self.clock
        return struct.pack("<I", binascii.crc32(data)) + data


def recall(data):
    """Return the Memory in what `pack` gave; an empty one, marked as a new boot, from anything else."""
    memory = Memory()
    if len(data) < 4 + struct.calcsize(_LAYOUT) or struct.unpack("<I", data[:4])[0] != binascii.crc32(data[4:]):
        return memory
    version, boot_no, message_no, flags, hint_bytes = struct.unpack_from(_LAYOUT, data, 4)
    if version == _VERSION:
        memory.boot_no = boot_no
        memory.message_no = message_no
        memory.is_born = bool(flags & _IS_BORN)
        memory.awaits_receipts = bool(flags & _AWAITS_RECEIPTS)
        hint_at = 4 + struct.calcsize(_LAYOUT)
        memory.queue_hint = data[hint_at : hint_at + hint_bytes]
        memory.clock = data[hint_at + hint_bytes :]
        memory.is_new_boot = False
    return memory


def count_boot(root, boot_no_of_last_record):
    """Return the number of this boot, higher than every one before, and keep it."""
    try:
        with open(root + _BOOT_FILE) as file:
            last = int(file.read())
    except (OSError, ValueError):
        last = 0
    # The queue also knows a boot; a boot number once used must not come again even when the file is gone.
    boot_no = max(last, boot_no_of_last_record) + 1
    try:
        with open(root + _BOOT_FILE, "w") as file:
            file.write(str(boot_no))
    except OSError:
        pass  # a full file system must not stop the station; its next record carries the number too
    return boot_no
