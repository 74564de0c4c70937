"""The audit of this machine's clock by the time servers that the basin file gives its stations (SNTP, RFC 4330)."""

import socket
import struct
from collections.abc import Callable, Iterator

from rivergauge.basin import Basin

from .finding import Finding, ok, problem, warning

__all__ = ["audit_clock"]

ANSWER_LIMIT_S = 2.0
OFF_LIMIT_MS = 1000  # what a clock that is set by NTP never comes near
PACKET_BYTES = 48
ASK = bytes([0x23]) + bytes(PACKET_BYTES - 1)  # version 4, client
TRANSMIT_AT = 40
UNIX_EPOCH_S = 2_208_988_800  # 1 January 1970 in era 0
ERA_S = 1 << 32
ADVICE = "see `timedatectl`: stations' times ahead of this clock are doubted, and times of receipt are wrong"


def audit_clock(basin: Basin, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """Yield one finding for each time server, or that there is none to compare with."""
    servers = dict.fromkeys(each.uplink.time_server for each in basin.stations if each.uplink.time_server)
    if not servers:
        detail = "not compared: the basin file names no time server"
        yield warning("clock", detail, "see `timedatectl`: is it synchronised?")
    for host, port in servers:
        yield _compare(host, port, now_ms)


def _compare(host: str, port: int, now_ms: Callable[[], int]) -> Finding:
    what = f"clock, by {host}"
    try:
        with _connected(host, port) as asking:
            sent_ms = now_ms()
            asking.send(ASK)
            answer = asking.recv(PACKET_BYTES)
            received_ms = now_ms()
    except OSError as error:
        return warning(what, f"no answer: {error}", "do the stations reach it? See `timedatectl` for this machine")
    if len(answer) < PACKET_BYTES:
        return warning(what, f"{len(answer)} bytes in place of {PACKET_BYTES}", "name another time server")
    seconds, fraction = struct.unpack_from("!II", answer, TRANSMIT_AT)
    middle_ms = (sent_ms + received_ms) // 2
    # The era that is nearest: seconds begin again in 2036.
    told_ms = (seconds - UNIX_EPOCH_S) * 1000 + fraction * 1000 // ERA_S
    off_ms = middle_ms - told_ms
    off_ms -= round(off_ms / (ERA_S * 1000)) * ERA_S * 1000
    detail = f"{abs(off_ms)} ms {'ahead' if off_ms > 0 else 'behind'}"
    return problem(what, detail, ADVICE) if abs(off_ms) > OFF_LIMIT_MS else ok(what, detail)


def _connected(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    asking = socket.socket(family, kind, protocol)
    asking.settimeout(ANSWER_LIMIT_S)
    asking.connect(address)
    return asking
