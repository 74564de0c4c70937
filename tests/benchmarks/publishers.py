"""Stations as fast as a machine can send, in a process of its own: packets are made before, the socket does the rest.

    python -m tests.benchmarks.publishers PORT FILE COUNT PER_S

FILE holds COUNT MQTT packets, one after the other, sent PER_S a second, or as fast as they go where that is 0; a line
on the standard input starts them, a line on the output tells that the broker has acknowledged all.
"""

import socket
import struct
import sys
import threading
from collections.abc import Iterable, Iterator
from math import ceil
from pathlib import Path
from time import monotonic, sleep

__all__ = ["pieces", "publish_packet"]

CONNECT, PUBLISH_QOS_1, DISCONNECT = 0x10, 0x32, b"\xe0\x00"
PUBACK_BYTES = 4
PACKET_IDS = 65_535
AT_ONCE_BYTES = 65_536
PIECE_S = 0.01


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


def pieces(packets: bytes, count: int, per_s: int) -> Iterator[bytes]:
    """Yield the packets in pieces that are due now, all of them at once where there is no pace."""
    if per_s == 0:
        yield packets
        return
    # Packets of one load are of about one size: a piece may end in the middle of one.
    per_piece = len(packets) * PIECE_S * per_s / count
    began_s = monotonic()
    for number in range(ceil(len(packets) / per_piece)):
        sleep(max(0.0, began_s + number * PIECE_S - monotonic()))
        yield packets[round(number * per_piece) : round((number + 1) * per_piece)]


def main(arguments: Iterable[str]) -> None:
    port, path, count, per_s = arguments
    packets = Path(path).read_bytes()
    connection = _connect(int(port))
    sys.stdin.readline()
    answers = threading.Thread(target=_count_acknowledgements, args=(connection, int(count)))
    answers.start()
    for piece in pieces(packets, int(count), int(per_s)):
        connection.sendall(piece)
    answers.join()
    connection.sendall(DISCONNECT)
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
