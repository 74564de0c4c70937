# MicroPython's unix port only: the boot ROM of the virtual board.
"""Start one run of a virtual board: power up the chip, mount its file system as `/`, run /main.py, else serve the REPL.

Started by the bench as `micropython -m start` with a description of the run in the environment. A deep sleep or a reset
ends the process; the next run is a new one.
"""

import gc
import io
import json
import os
import sys

import chip
import control_line
import nor_flash
import vfs

SOFT_RESET = 4  # station.hal.SOFT_RESET
ROM_FOLDER = __file__.rsplit("/", 1)[0]  # on the host


class Machine:
    """The one thing tools ask of `machine`."""

    def reset(self):
        chip.line.tell(control_line.RESET, SOFT_RESET)
        chip.end_process(0)


def mount():
    """Mount the board's flash as `/`, formatting a blank one; nothing of the host is visible from then on."""
    device = nor_flash.BlockDevice(chip.file_system)
    try:
        files = vfs.VfsLfs2(device)
    except OSError:
        # Only then: a power cut may have left one of the two first blocks blank, and the files in the other.
        if not is_blank(0) or not is_blank(nor_flash.BLOCK_BYTES):
            raise
        vfs.VfsLfs2.mkfs(device)
        files = vfs.VfsLfs2(device)
    vfs.umount("/")
    vfs.mount(files, "/")
    os.chdir("/")
    sys.path[:] = ["", "/lib"]


def is_blank(offset):
    """Return whether a block of the file system was never written."""
    block = bytearray(nor_flash.BLOCK_BYTES)
    chip.file_system.read_into(offset, block)
    return block == b"\xff" * nor_flash.BLOCK_BYTES


def run_application():
    """Run /main.py; tell the bench when it fails, as a board tells whoever reads its console."""
    try:
        with open("/main.py") as file:
            source = file.read()
    except OSError:
        chip.line.tell(control_line.FAULT, 0, 0, 0, b"no /main.py: the station was not flashed")
        return
    try:
        exec(compile(source, "/main.py", "exec"), {"__name__": "__main__"})
        chip.line.tell(control_line.FAULT, 0, 0, 0, b"/main.py returned; an application ends a run by a deep sleep")
    except KeyboardInterrupt:
        return
    except BaseException as failure:
        report = io.StringIO()
        sys.print_exception(failure, report)
        print(report.getvalue())
        chip.line.tell(control_line.FAULT, 0, 0, 0, report.getvalue().encode()[-4000:])


def serve_console():
    """Serve the REPL for ever; its code is loaded only now, so that the application has the heap to itself."""
    vfs.mount(chip.host_files, "/host")
    sys.path.insert(0, "/host" + ROM_FOLDER)
    import raw_repl

    sys.path.pop(0)
    vfs.umount("/host")
    chip.line.tell(control_line.IN_REPL)
    raw_repl.serve(chip.line, chip.run)


chip.power_up(json.loads(os.getenv(control_line.DESCRIPTION_VARIABLE)))
sys.modules["machine"] = Machine()
mount()
gc.collect()  # the application begins with a heap as clean as on a board
if chip.run["mode"] == "application":
    run_application()
serve_console()
