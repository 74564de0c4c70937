# Shared dialect: runs on MicroPython (the board's side) and on CPython (the bench's side).
"""What a virtual board and its bench say to each other.

A request is a header (operation, argument, payload length, two numbers) and a payload. Each wait and OPEN_SERIAL get
exactly one reply: the board's monotonic time in ms, a number and a payload. While a board has not asked to wait, time
stands still. All times are the board's monotonic milliseconds.
"""

import struct

DESCRIPTION_VARIABLE = "VIRTUAL_STATION_RUN"  # environment variable: JSON that describes a run to rom/start.py

REQUEST = "<BBHqq"
REQUEST_BYTES = struct.calcsize(REQUEST)
REPLY = "<qqH"
REPLY_BYTES = struct.calcsize(REPLY)

WAIT_TIME = 1  # first: until when
WAIT_SERIAL = 2  # argument: port; first: until when; second: bytes consumed since it was opened; reply: bytes emitted
WAIT_LINK = 3  # first: until when
RESUME = 4  # the wait ended for a reason of the board's own; the reply answers the wait, not this
OPEN_SERIAL = 5  # argument: port; payload: frame, such as 8N1; reply: payload is the path of the terminal
CLOSE_SERIAL = 6  # argument: port
SET_POWER = 7  # argument: switch; first: 0 or 1
KEEP = 8  # payload: RTC memory
SET_CLOCK = 9  # first: UTC in Unix ms at this instant
DEEP_SLEEP = 10  # first: until when; the process ends next
RESET = 11  # argument: reset cause; the process ends next
FAULT = 12  # payload: text of what went wrong
IN_REPL = 13  # the board serves its console, and nothing happens by itself
SERIAL_WRITTEN = 14  # argument: port; first: bytes that the board begins to send now, at the terminal's speed
PULSES = 15  # argument: input; reply: number of pulses since power came on


def encode_request(operation, argument=0, first=0, second=0, payload=b""):
    return struct.pack(REQUEST, operation, argument, len(payload), first, second) + payload


def encode_reply(monotonic_ms, number=0, payload=b""):
    return struct.pack(REPLY, monotonic_ms, number, len(payload)) + payload
