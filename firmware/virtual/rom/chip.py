# MicroPython's unix port only: the silicon of the virtual board.
"""What a processor's maker would supply: the line to the bench, flash, time, the console; `power_up` brings it to life.

The board package reaches the bench through this module, as the packages of real boards use `machine`.
"""

import select
import struct

import control_line
import ffi
import nor_flash
import uctypes
import vfs

CONSOLE_FD = 0
LINE_FD = 3
FILE_SYSTEM_BLOCKS = 128  # 512 KiB of littlefs, then as much for the record queue
CTRL_C = b"\x03"
MAP_SHARED = 1
PROT_READ_WRITE = 3
SIGKILL = 9

_libc = ffi.open(None)
_mmap = _libc.func("P", "mmap", "PLiiil")
_kill = _libc.func("i", "kill", "ii")
_getpid = _libc.func("i", "getpid", "")
_exit = _libc.func("v", "_exit", "i")

host_files = vfs.VfsPosix()  # the machine the board is simulated on; never mounted


class Line:
    """The line to the bench: while this side does not wait, time stands still."""

    def __init__(self, monotonic_ms):
        self.monotonic_ms = monotonic_ms
        self.watchdog_ms = None  # when an unfed watchdog resets the board
        self.on_watchdog = None
        self.stream = open(LINE_FD, "r+b")
        self.console = open(CONSOLE_FD, "rb")
        self.poll = select.poll()
        self.poll.register(self.stream, select.POLLIN)
        self.poll.register(self.console, select.POLLIN)

    def tell(self, operation, argument=0, first=0, second=0, payload=b""):
        try:
            self.stream.write(control_line.encode_request(operation, argument, first, second, payload))
        except OSError:
            end_process(1)  # the bench is gone, and no application may hide that

    def ask(self, operation, argument, payload=b""):
        """Return the number and the payload of the answer."""
        self.tell(operation, argument, 0, 0, payload)
        return self._reply()

    def wait(self, operation, argument, until_ms, consumed=0, link=None, events=select.POLLIN):
        """Wait until a time, for bytes on a port or events on the link; return the number in the bench's reply."""
        if self.watchdog_ms is not None and self.watchdog_ms < until_ms:
            until_ms = self.watchdog_ms
        self.tell(operation, argument, until_ms, consumed)
        if link is not None:
            self.poll.register(link, events)
        interrupted = self._watch(link)
        if link is not None:
            self.poll.unregister(link)
        number = self._reply()[0]
        if interrupted:
            raise KeyboardInterrupt
        if self.watchdog_ms is not None and self.monotonic_ms >= self.watchdog_ms:
            self.on_watchdog()
        return number

    def _watch(self, link):
        """Return once the reply is there or on its way: True when Ctrl-C was typed at the console."""
        while True:
            for stream, _ in self.poll.ipoll(-1):
                if stream is self.stream:
                    return False
                if stream is link:
                    self.tell(control_line.RESUME)
                    return False
                if self.console.read(1) == CTRL_C:
                    self.tell(control_line.RESUME)
                    return True

    def _reply(self):
        header = self.stream.read(control_line.REPLY_BYTES)
        if not header:
            end_process(1)  # the bench is gone, and with it time
        self.monotonic_ms, number, length = struct.unpack(control_line.REPLY, header)
        return number, self.stream.read(length) if length else b""


def end_process(status):
    _exit(status)


def cut_power():
    _kill(_getpid(), SIGKILL)


def power_up(start):
    """Bring up the chip as `start` (the bench's description of this run) says."""
    global line, flash, file_system, queue_region, run, rtc_memory
    run = start
    rtc_memory = bytes.fromhex(start.pop("rtc_memory"))
    line = Line(start["monotonic_ms"])
    flash = nor_flash.NorFlash(_map(start["flash"]), _map(start["wear"]), cut_power)
    file_system = nor_flash.FlashRegion(flash, 0, FILE_SYSTEM_BLOCKS)
    queue_region = nor_flash.FlashRegion(flash, FILE_SYSTEM_BLOCKS, flash.block_count - FILE_SYSTEM_BLOCKS)


def _map(path):
    """Return a file of the host as memory: what is written survives the process, however it ends."""
    size = host_files.stat(path)[6]
    file = host_files.open(path, "r+b")
    return uctypes.bytearray_at(_mmap(0, size, PROT_READ_WRITE, MAP_SHARED, file.fileno(), 0), size)
