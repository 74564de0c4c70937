# Shared dialect: runs on the microcontroller ports of MicroPython.
"""Time from the network by SNTP (RFC 4330), half of the round trip corrected."""

import socket
import struct
import time

PORT = 123
TIMEOUT_S = 3
REQUEST = b"\x23" + bytes(47)  # version 4, client
UNIX_EPOCH_S = 2_208_988_800  # 1 January 1970 in NTP's era 0
ERA_S = 1 << 32
PIVOT_S = 1 << 31  # seconds below it belong to era 1, which begins in 2036 (RFC 4330, section 3)
LONGEST_ROUND_TRIP_MS = 2000


def query_utc_ms(server: str):
    """Return Unix time in ms now, or None when the server does not answer properly."""
    answer = bytearray(48)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        client.settimeout(TIMEOUT_S)
        address = socket.getaddrinfo(server, PORT)[0][-1]
        sent_ms = time.ticks_ms()
        client.sendto(REQUEST, address)
        count = client.readinto(answer)
        round_trip_ms = time.ticks_diff(time.ticks_ms(), sent_ms)
    except OSError:
        return None
    finally:
        client.close()
    is_synchronised = answer[0] >> 6 != 3 and 1 <= answer[1] <= 15
    if count != 48 or answer[0] & 7 != 4 or not is_synchronised or round_trip_ms > LONGEST_ROUND_TRIP_MS:
        return None
    seconds, fraction = struct.unpack_from(">II", answer, 40)
    if seconds < PIVOT_S:
        seconds += ERA_S
    return (seconds - UNIX_EPOCH_S) * 1000 + (fraction * 1000 >> 32) + round_trip_ms // 2
