# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""What a station remembers through deep sleep, and the boot number that it remembers through everything."""

import binascii
import struct

_LAYOUT = "<BIIBBBIHIIBBHH"
_VERSION = 7
_IS_BORN = 0x01
_AWAITS_RECEIPTS = 0x02
_MAY_HAVE_UNDATED = 0x04
_BOOT_FILE = "/boot_no"


class Memory:
    """The few bytes of RTC memory, guarded by a CRC: absent or damaged they make this run a new boot."""

    def __init__(self):
        self.boot_no = 0
        self.message_no = 0  # of the last birth, event or reply
        self.is_born = False  # this boot's birth has reached the broker
        self.awaits_receipts = False  # something was sent, or not sent, that no receipt has come for
        self.may_have_undated = True  # records without a date
        self.failed_exchanges = 0  # in a row, 255 at most
        self.next_exchange_s = 0  # monotonic time before which none is to be tried
        self.day = 0  # since 1970, of the count that follows
        self.bytes_today = 0  # sent and received over the network
        self.held_since_s = 0  # monotonic time since which gateways hold a backlog back, 0 while they do not
        self.health_day = 0  # since 1970, of the last report of health
        self.counters = b""  # what was counted since it was last written to flash
        self.queue_hint = b""
        self.clock = b""
        self.power = b""
        self.intervals = b""  # with the samples from before a trigger
        self.is_new_boot = True

    def next_message_no(self):
        self.message_no += 1
        return self.message_no

    def pack(self):
        """Return the bytes to keep."""
        flags = (_IS_BORN if self.is_born else 0) | (_AWAITS_RECEIPTS if self.awaits_receipts else 0)
        flags |= _MAY_HAVE_UNDATED if self.may_have_undated else 0
        data = struct.pack(
            _LAYOUT,
            _VERSION,
            self.boot_no,
            self.message_no,
            flags,
            len(self.queue_hint),
            self.failed_exchanges,
            self.next_exchange_s,
            self.day,
            self.bytes_today,
            self.held_since_s,
            len(self.clock),
            len(self.power),
            self.health_day,
            len(self.counters),
        )
        data += self.queue_hint + self.clock + self.power + self.counters + self.intervals
        return struct.pack("<I", binascii.crc32(data)) + data


def recall(data):
    """Return the Memory in what `pack` gave; an empty one, marked as a new boot, from anything else."""
    memory = Memory()
    if len(data) < 4 + struct.calcsize(_LAYOUT) or struct.unpack("<I", data[:4])[0] != binascii.crc32(data[4:]):
        return memory
    if data[4] == _VERSION:
        (
            _,
            memory.boot_no,
            memory.message_no,
            flags,
            hint_bytes,
            memory.failed_exchanges,
            memory.next_exchange_s,
            memory.day,
            memory.bytes_today,
            memory.held_since_s,
            clock_bytes,
            power_bytes,
            memory.health_day,
            counters_bytes,
        ) = struct.unpack_from(_LAYOUT, data, 4)
        memory.may_have_undated = bool(flags & _MAY_HAVE_UNDATED)
        memory.is_born = bool(flags & _IS_BORN)
        memory.awaits_receipts = bool(flags & _AWAITS_RECEIPTS)
        clock_at = 4 + struct.calcsize(_LAYOUT) + hint_bytes
        power_at = clock_at + clock_bytes
        memory.queue_hint = data[clock_at - hint_bytes : clock_at]
        memory.clock = data[clock_at:power_at]
        counters_at = power_at + power_bytes
        memory.power = data[power_at:counters_at]
        memory.counters = data[counters_at : counters_at + counters_bytes]
        memory.intervals = data[counters_at + counters_bytes :]
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
