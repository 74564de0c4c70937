# Shared dialect: runs on MicroPython, and on CPython.
"""What tests need that plain `assert` cannot say on both interpreters."""

import binascii
import os


def raises(kind, call, *arguments):
    """Call and return the exception of this kind that it raises; fail when it raises none."""
    try:
        call(*arguments)
    except kind as error:
        return error
    raise AssertionError(f"{call} raised no {kind.__name__}")


def new_folder(name):
    """Return the path of an empty folder for a station's files, below the system's temporary folder."""
    path = f"{os.getenv('TMPDIR') or '/tmp'}/rivergauge-{name}-{binascii.hexlify(os.urandom(4)).decode()}"
    os.mkdir(path)
    return path
