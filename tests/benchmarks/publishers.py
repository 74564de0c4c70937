"""Stations as fast as a machine can send, in a process of its own: packets are made before, the socket does the rest.

    python -m tests.benchmarks.publishers PORT FILE

FILE holds MQTT packets, one after the other; a line on the standard input starts them, a line on the output tells that
the broker has acknowledged all.
"""

import socket
import struct
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

__all__ = ["publish_packet"]

CONNECT, PUBLISH_QOS_1, DISCONNECT = 0x10, 0x32, b"\xe0\x00"
PUBACK_BYTES = 4
PACKET_IDS = 65_535
AT_ONCE_BYTES = 65_536


def publish_packet(topic: bytes, payload: bytes, number: int) -> bytes:
    """Return an MQTT 3.1.1 PUBLISH with QoS 1, the `number`-th of its connection."""
    body = struct.pack(">H", len(topic)) + topic + struct.pack(">H", number % PACKET_IDS + 1) + payload
    return bytes([PUBLISH_QOS_1]) + _length(len(body)) + body


def _length(size: int) -> bytes:
    encoded = bytearray()
    while True:
        size, seven_bits = divmod(size, 128)
        encoded.append(seven_bits | (0x80 if size else 0))
        if not size:
            return bytes(encoded)


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    name = b"publishers"
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(name)) + name
    connection.sendall(bytes([CONNECT]) + _length(len(body)) + body)
    if connection.recv(4) != b"\x20\x02\x00\x00":
        raise ConnectionError("the broker refuses the publishers")
    return connection


def _count_acknowledgements(connection: socket.socket, wanted: int) -> None:
    missing = wanted * PUBACK_BYTES
    while missing:
        missing -= len(connection.recv(min(missing, AT_ONCE_BYTES)))


def main(arguments: Iterable[str]) -> None:
    port, path, count = arguments
    packets = Path(path).read_bytes()
    connection = _connect(int(port))
    sys.stdin.readline()
    answers = threading.Thread(target=_count_acknowledgements, args=(connection, int(count)))
    answers.start()
    connection.sendall(packets)
    answers.join()
    connection.sendall(DISCONNECT)
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
