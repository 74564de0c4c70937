# Shared dialect: MicroPython's unix port, started by firmware/virtual/rom.
"""Datagrams of the virtual board: a UDP socket of the host, on which it waits by way of the bench."""

import select
import socket

import chip
import control_line
from station import hal

LARGEST_BYTES = 512


def exchange(host, port, request, deadline_ms):
    """Send a datagram and return the one that answers it; raise HardwareError."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        client.setblocking(False)
        # Connected, so that a port on which nobody listens is told at once.
        client.connect(socket.getaddrinfo(host, port)[0][-1])
        client.send(request)
        poll = select.poll()
        poll.register(client, select.POLLIN)
        while not poll.poll(0):
            if chip.line.monotonic_ms >= deadline_ms:
                raise hal.HardwareError("timeout")
            chip.line.wait(control_line.WAIT_LINK, 0, deadline_ms, 0, client, select.POLLIN)
        return client.recv(LARGEST_BYTES)
    except OSError:
        raise hal.HardwareError("refused")
    finally:
        client.close()
