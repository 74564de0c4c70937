# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""One connection to the broker: MQTT over a Link, with a deadline on every wait."""

from . import mqtt
from .hal import HardwareError

KEEP_ALIVE_S = 120  # longer than any silence of a station that is awake
READ_BYTES = 512
SEND_BYTES = 1024  # what is gathered before it goes out, so that small packets share one segment


class Session:
    """The station's side of a connection. `on_message(topic, payload)` gets what the broker publishes to it.

    Every method raises HardwareError when the link fails or the deadline passes, and ProtocolError for what the broker
    must not send. A message is acknowledged after `on_message` has returned, so that what it did is durable by then.
    """

    def __init__(self, board, link, on_message):
        self.unacknowledged = set()  # packet ids published and not yet acknowledged
        self.byte_count = 0  # sent and received, without what lies below MQTT
        self._board = board
        self._link = link
        self._on_message = on_message
        self._reader = mqtt.PacketReader()
        self._buffer = bytearray(READ_BYTES)
        self._unsent = bytearray()
        self._packet_id = 0
        self._awaited_kind = 0  # CONNACK, SUBACK or PINGRESP while one is awaited
        self._reply = None

    def connect(self, client_id, will_topic, will_payload, deadline_ms, login=None):
        """Return whether the broker still held this station's session; `login` as in `mqtt.connect_packet`."""
        self._send(mqtt.connect_packet(client_id, KEEP_ALIVE_S, will_topic, will_payload, login), deadline_ms)
        return mqtt.read_connack(self._await_reply(mqtt.CONNACK, deadline_ms))

    def subscribe(self, topics, deadline_ms, qos=1):
        """Subscribe; with QoS 0 the broker keeps nothing for a station that is away."""
        self._send(mqtt.subscribe_packet(self._next_packet_id(), topics, qos), deadline_ms)
        mqtt.read_suback(self._await_reply(mqtt.SUBACK, deadline_ms))

    def settle(self, deadline_ms):
        """Read what the broker has kept for us: it answers a ping only after sending that."""
        self._send(mqtt.PINGREQ_PACKET, deadline_ms)
        self._await_reply(mqtt.PINGRESP, deadline_ms)

    def publish(self, topic, payload, deadline_ms, is_retained=False):
        """Send with QoS 1, at the next `wait` at the latest, which also takes the acknowledgement."""
        packet_id = self._next_packet_id()
        self._send(mqtt.publish_packet(packet_id, topic, payload, is_retained), deadline_ms)
        self.unacknowledged.add(packet_id)

    def wait(self, deadline_ms):
        """Handle what comes next; return False when the deadline passed without anything."""
        self._flush(deadline_ms)
        if self._board.monotonic_ms() >= deadline_ms:
            return False
        count = self._link.read_into(self._buffer, deadline_ms)
        if count == 0:
            return False
        self.byte_count += count
        self._board.feed_watchdog()
        for packet in self._reader.feed(memoryview(self._buffer)[:count]):
            self._handle(packet, deadline_ms)
        return True

    def disconnect(self, deadline_ms):
        """Leave in order, so that the will is not published."""
        self._send(mqtt.DISCONNECT_PACKET, deadline_ms)
        self._flush(deadline_ms)

    def _await_reply(self, kind, deadline_ms):
        self._awaited_kind = kind
        self._reply = None
        while self._reply is None:
            if not self.wait(deadline_ms):
                raise HardwareError("timeout")
        return self._reply

    def _handle(self, packet, deadline_ms):
        if packet.kind == mqtt.PUBLISH:
            topic, packet_id, payload = mqtt.read_publish(packet)
            if packet.is_whole:
                self._on_message(topic, payload)
            if packet_id:
                self._send(mqtt.puback_packet(packet_id), deadline_ms)
        elif packet.kind == mqtt.PUBACK:
            self.unacknowledged.discard(mqtt.read_packet_id(packet))
        elif packet.kind == self._awaited_kind:
            self._awaited_kind = 0
            self._reply = packet
        else:
            raise mqtt.ProtocolError("unexpected-%02x" % packet.kind)

    def _send(self, data, deadline_ms):
        self._unsent += data
        self.byte_count += len(data)
        if len(self._unsent) >= SEND_BYTES:
            self._flush(deadline_ms)

    def _flush(self, deadline_ms):
        if self._unsent:
            self._link.write(self._unsent, deadline_ms)
            self._unsent = bytearray()

    def _next_packet_id(self):
        self._packet_id = mqtt.following_packet_id(self._packet_id)
        while self._packet_id in self.unacknowledged:
            self._packet_id = mqtt.following_packet_id(self._packet_id)
        return self._packet_id
