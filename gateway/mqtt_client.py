"""paho with another way of reading: as much as the socket has, and messages without an object of many parts for each.

paho takes one byte at a time from the socket and writes each acknowledgement by itself, which was more than half of
what a message of one record cost. All else, from connecting to keeping alive, stays paho's.
"""

import socket
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from gateway.mqtt_reader import PacketReader, Published

__all__ = ["MqttClient"]

READ_BYTES = 16_384  # at once: about a hundred messages of one record
NO_ROOM_S = 0.005  # between looks whether there is room again
PUBACK = b"\x40\x02"  # of two bytes, the packet id, where all went well (MQTT 5, 3.4)


class MqttClient(paho.Client):
    """Calls `on_published` in the network thread with the messages that came at once, none of them acknowledged.

    Nothing is read while `has_room` says no; the connection is kept alive meanwhile.
    """

    def __init__(
        self, client_id: str, on_published: Callable[[Sequence[Published]], None], has_room: Callable[[], bool]
    ) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
        self._on_published = on_published
        self._has_room = has_room
        self._reader = PacketReader()
        self._handed_on = b""  # a packet that paho is reading
        self.on_socket_open = self._begin

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Acknowledge in the given order; they go out in one write."""
        packets = b"".join(PUBACK + packet_id.to_bytes(2, "big") for packet_id in packet_ids)
        if packets:
            self._packet_queue(PUBACK[0], packets, 0, 1)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read what the socket has: called by paho's loop when there is something."""
        # Whatever comes shows that the broker lives; its answer to a ping may stand behind much that is not read yet.
        self._last_bytes_received, self._ping_t = monotonic(), 0.0
        if not self._has_room():
            sleep(NO_ROOM_S)
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            data = super()._sock_recv(READ_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            data = b""
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        published: list[Published] = []
        for packet in self._reader.packets(data):
            if isinstance(packet, Published):
                published.append(packet)
                continue
            # In the order they came: what follows a new connection belongs to it.
            self._hand_over(published)
            self._handed_on = packet
            result = super().loop_read()
            if result != MQTTErrorCode.MQTT_ERR_SUCCESS or self.socket() is None:
                return result
        self._hand_over(published)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _hand_over(self, published: list[Published]) -> None:
        if published:
            self._on_published(published)
            published.clear()

    def _sock_recv(self, bufsize: int) -> bytes:
        """Give paho, which asks for the next bytes of the socket, those of the packet handed on to it."""
        if not self._handed_on:
            raise BlockingIOError
        taken, self._handed_on = self._handed_on[:bufsize], self._handed_on[bufsize:]
        return taken

    def _begin(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        """Begin to read a new connection."""
        self._reader = PacketReader()
        self._handed_on = b""
        # Else a receipt written behind an acknowledgement waits 40 ms for the broker's delayed TCP acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
