# MicroPython's unix port only: its own REPL has no raw mode, which mpremote needs.
"""The raw REPL of MicroPython boards (docs.micropython.org, reference/repl.html), with raw paste, over the console.

A soft reset replaces the process by a new one, so that nothing but the file system outlives it.
"""

import json
import os
import sys

import chip
import control_line
import ffi
import uctypes

CTRL_A = 1
CTRL_B = 2
CTRL_C = 3
CTRL_D = 4
CTRL_E = 5
RAW_PASTE = (ord("A"), 1)  # follows Ctrl-E
RAW_BANNER = "raw REPL; CTRL-B to exit\r\n"
FRIENDLY_BANNER = "MicroPython on a virtual station; use mpremote (raw REPL)\r\n>>> "
# Bytes the host may send before it hears from us; twice this may be under way, less than a terminal's buffer of 4095.
PASTE_WINDOW_BYTES = 1024
BUFFER_BYTES = 1024

_libc = ffi.open(None)
_read = _libc.func("l", "read", "ipL")


class Keyboard:
    """What is typed at the console, byte by byte."""

    def __init__(self, line):
        self._line = line
        self._typed = bytearray(BUFFER_BYTES)
        self._count = 0
        self._taken = 0

    def read_byte(self):
        """Return the next byte, waiting for it; end the process when the bench is gone."""
        if self._taken == self._count:
            self._await_typing()
        byte = self._typed[self._taken]
        self._taken += 1
        return byte

    def _await_typing(self):
        while True:
            for stream, _ in self._line.poll.ipoll(-1):
                if stream is self._line.console:
                    self._count = _read(chip.CONSOLE_FD, self._typed, BUFFER_BYTES)
                    self._taken = 0
                    if self._count < 1:
                        chip.end_process(1)  # the bench closed its terminal
                    return
                if not self._line.stream.read(1):
                    chip.end_process(1)


def serve(line, run):
    """Serve the console for ever; `run` describes this run, `run["mode"]` "raw-repl" continues after a soft reset."""
    read_byte = Keyboard(line).read_byte
    names = {"__name__": "__main__"}
    if run["mode"] == "raw-repl":
        _say("MPY: soft reboot\r\n")
        _raw_mode(read_byte, run, names)
    else:
        _say(FRIENDLY_BANNER)
    while True:
        byte = read_byte()
        if byte == CTRL_A:
            _raw_mode(read_byte, run, names)
        elif byte == CTRL_B:
            _say("\r\n" + FRIENDLY_BANNER)
        elif byte == CTRL_D:
            _soft_reset(run, "repl")


def _raw_mode(read_byte, run, names):
    """Serve the raw REPL until Ctrl-B."""
    _say(RAW_BANNER + ">")
    while True:
        source = bytearray()
        while True:
            byte = read_byte()
            if byte == CTRL_A:
                _say("\r\n" + RAW_BANNER + ">")
                source = bytearray()
            elif byte == CTRL_B:
                _say("\r\n" + FRIENDLY_BANNER)
                return
            elif byte == CTRL_C:
                source = bytearray()
            elif byte == CTRL_E and not source:
                if (read_byte(), read_byte()) != RAW_PASTE:
                    _say("R\x00")
                    continue
                source = _read_paste(read_byte)
                break
            elif byte == CTRL_D:
                _say("OK")
                if not source:
                    _say("\r\n")
                    _soft_reset(run, "raw-repl")
                break
            else:
                source.append(byte)
        _execute(source, names)
        _say(">")


def _read_paste(read_byte):
    """Receive a source in windows, answering each with Ctrl-A; empty when it was broken off with Ctrl-C."""
    _say("R\x01")
    sys.stdout.buffer.write(bytes((PASTE_WINDOW_BYTES & 0xFF, PASTE_WINDOW_BYTES >> 8, 1)))
    source = bytearray()
    left = PASTE_WINDOW_BYTES
    while True:
        byte = read_byte()
        if byte in (CTRL_D, CTRL_C):
            _say("\x04")
            return source if byte == CTRL_D else bytearray()
        source.append(byte)
        left -= 1
        if not left:
            _say("\x01")
            left = PASTE_WINDOW_BYTES


def _execute(source, names):
    try:
        exec(compile(str(source, "utf-8"), "<stdin>", "exec"), names)
        _say("\x04")
    except BaseException as failure:
        _say("\x04")
        sys.print_exception(failure)
    _say("\x04")


def _soft_reset(run, mode):
    """Start this program anew in the same process, with its console and its line to the bench."""
    run["mode"] = mode
    run["rtc_memory"] = chip.rtc_memory.hex()
    os.putenv(control_line.DESCRIPTION_VARIABLE, json.dumps(run))
    with chip.host_files.open("/proc/self/cmdline", "rb") as file:
        arguments = file.read().split(b"\x00")[:-1]
    strings = [bytearray(argument + b"\x00") for argument in arguments]
    pointers = bytearray(8 * (len(strings) + 1))
    for index, string in enumerate(strings):
        pointers[8 * index : 8 * index + 8] = uctypes.addressof(string).to_bytes(8, "little")
    _libc.func("i", "execv", "PP")(uctypes.addressof(strings[0]), uctypes.addressof(pointers))


def _say(text):
    sys.stdout.write(text)
