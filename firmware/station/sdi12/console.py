# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""SDI-12 transparent mode: what a person types at the console goes to the line, what comes back is shown.

>>> from board import Board
>>> from station.sdi12.console import talk
>>> talk(Board(), port_no=3, power_switch=1)
SDI-12> 0I!
014OTT HACHPLS   100
"""

from ..sensors.supply import Faults, SuppliedPort
from .line import BAUD, Line
from .packets import PacketAnswer
from .text import TextAnswer

WARM_UP_MS = 2000


def talk(board, port_no, power_switch=None, ask=input, say=print):
    """Pass commands on until an empty line (section 4.4.14); packets are shown in hex, a service request as such."""
    with SuppliedPort(board, port_no, [power_switch], BAUD) as port:
        board.sleep_until(board.monotonic_ms() + WARM_UP_MS)
        line = Line(board, port, Faults())
        while True:
            command = ask("SDI-12> ").strip()
            if not command:
                return
            if command[1:3] == "DB":
                packet = line.exchange(command, PacketAnswer(command[0]))
                say(packet.hex(" ") or "no answer")
                continue
            received = line.exchange(command, TextAnswer(command[0]))
            answer = "".join(chr(byte & 0x7F) for byte in received)
            say(answer.strip() or "no answer")
            if command[1:2] in ("M", "V") and answer[1:4].isdigit() and answer[1:4] != "000":
                until_ms = board.monotonic_ms() + 1000 * int(answer[1:4])
                say(answer[0] if line.await_request(answer[0], until_ms) else "no service request")
