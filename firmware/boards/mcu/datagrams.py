# Shared dialect: runs on the microcontroller ports of MicroPython.
"""Datagrams over the network that the board has joined."""

import socket

from station import hal

LARGEST_BYTES = 512


def exchange_datagram(board, host: str, port: int, request: bytes, deadline_ms: int):
    """Send a UDP datagram and return the one that answers it; raise HardwareError."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        address = socket.getaddrinfo(host, port)[0][-1]
        client.settimeout(max(1, deadline_ms - board.monotonic_ms()) / 1000)
        client.sendto(request, address)
        return client.recv(LARGEST_BYTES)
    except OSError:
        raise hal.HardwareError("timeout")
    finally:
        client.close()
