"""Very many stations at once: each connects, publishes one message with QoS 1 and waits for the broker's word."""

import selectors
import socket
from collections.abc import Mapping
from time import monotonic

from tests.benchmarks.publishers import publish_packet

__all__ = ["connect_and_publish"]

LIMIT_S = 60.0
CONNECT_FLAGS, KEEPALIVE_S = 0x02, 60  # a clean session
CONNACK, PUBACK = bytes([0x20, 2, 0, 0]), bytes([0x40, 2, 0, 1])


def connect_and_publish(port: int, messages: Mapping[str, tuple[str, bytes]]) -> None:
    """Connect as every client of `messages` at once and publish its (topic, payload); raise TimeoutError."""
    waiting = selectors.DefaultSelector()
    heard: dict[socket.socket, bytes] = {}
    for client_id, (topic, payload) in messages.items():
        station = socket.socket()
        station.setblocking(False)
        station.connect_ex(("127.0.0.1", port))
        to_send = _connect_packet(client_id.encode()) + publish_packet(topic.encode(), payload, 0)
        waiting.register(station, selectors.EVENT_WRITE, to_send)
        heard[station] = b""
    ends_s = monotonic() + LIMIT_S
    try:
        while heard:
            if monotonic() > ends_s:
                raise TimeoutError(f"{len(heard)} stations have no word of the broker after {LIMIT_S:g} s")
            for key, events in waiting.select(0.1):
                _go_on(waiting, key, events, heard)
    finally:
        for station in heard:
            station.close()
        waiting.close()


def _go_on(
    waiting: selectors.BaseSelector, key: selectors.SelectorKey, events: int, heard: dict[socket.socket, bytes]
) -> None:
    station = key.fileobj
    assert isinstance(station, socket.socket)
    if events & selectors.EVENT_WRITE:
        sent = station.send(key.data)
        assert sent == len(key.data), "a message does not fit into the socket's buffer"
        waiting.modify(station, selectors.EVENT_READ)
        return
    heard[station] += station.recv(64)
    if len(heard[station]) >= len(CONNACK + PUBACK):
        assert heard[station].startswith(CONNACK) and heard[station][4:6] == PUBACK[:2], heard[station].hex()
        waiting.unregister(station)
        station.close()
        del heard[station]


def _connect_packet(client_id: bytes) -> bytes:
    variable = b"\x00\x04MQTT\x04" + bytes([CONNECT_FLAGS]) + KEEPALIVE_S.to_bytes(2, "big")
    rest = variable + len(client_id).to_bytes(2, "big") + client_id
    assert len(rest) < 128, "the length is one byte"
    return bytes([0x10, len(rest)]) + rest
