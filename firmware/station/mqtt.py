# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""MQTT 3.1.1 packets as bytes, without I/O (OASIS standard of 29 October 2014; section numbers below).

The law this file keeps: whatever the broker sends, at most PACKET_LIMIT bytes of it are held.
"""

import struct

CONNACK = 0x20
PUBLISH = 0x30
PUBACK = 0x40
SUBACK = 0x90
PINGRESP = 0xD0

PINGREQ_PACKET = b"\xc0\x00"
DISCONNECT_PACKET = b"\xe0\x00"

PACKET_ID_LIMIT = 65_535
PACKET_LIMIT = 2048  # bytes of a packet's body that are kept; a longer one is read past, so that the rest can follow
_RETAIN = 0x01
_QOS_1 = 0x02


class ProtocolError(Exception):
    """The broker broke the protocol or refused; `reason` is a short word for logs."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Packet:
    """A packet received: `kind` is one of the constants above; a body longer than PACKET_LIMIT is not whole."""

    __slots__ = ("body", "flags", "is_whole", "kind")


def connect_packet(client_id, keep_alive_s, will_topic, will_payload, login=None):
    """Return CONNECT for a persistent session (clean session 0) with a retained will of QoS 1 (3.1).

    `login` is (username, password as bytes), or None.
    """
    flags = 0x04 | 0x08 | 0x20  # will, will QoS 1, will retain
    credentials = b""
    if login is not None:
        flags |= 0x80 | 0x40  # username, password
        credentials = _text(login[0]) + _binary(login[1])
    body = _text("MQTT") + bytes((4, flags)) + struct.pack(">H", keep_alive_s)
    return _packet(0x10, body + _text(client_id) + _text(will_topic) + _binary(will_payload) + credentials)


def subscribe_packet(packet_id, topics, qos=1):
    """Return SUBSCRIBE to these topics (3.8)."""
    return _packet(0x82, struct.pack(">H", packet_id) + b"".join(_text(topic) + bytes((qos,)) for topic in topics))


def publish_packet(packet_id, topic, payload, is_retained=False):
    """Return PUBLISH with QoS 1 (3.3)."""
    flags = _QOS_1 | (_RETAIN if is_retained else 0)
    return _packet(PUBLISH | flags, _text(topic) + struct.pack(">H", packet_id) + payload)


def puback_packet(packet_id):
    """Return PUBACK (3.4)."""
    return _packet(PUBACK, struct.pack(">H", packet_id))


def following_packet_id(packet_id):
    """Return the packet id after this one; 0 is not allowed, so it wraps from 65535 to 1 (2.3.1)."""
    return packet_id % PACKET_ID_LIMIT + 1


def read_connack(packet):
    """Return whether the broker has a session of ours; raise ProtocolError when it refused the connection (3.2)."""
    if packet.kind != CONNACK or len(packet.body) != 2:
        raise ProtocolError("no-connack")
    if packet.body[1]:
        raise ProtocolError("refused-%d" % packet.body[1])
    return bool(packet.body[0] & 1)


def read_suback(packet):
    """Return the packet id; raise ProtocolError when a subscription was refused (3.9)."""
    if any(code == 0x80 for code in packet.body[2:]):
        raise ProtocolError("subscription-refused")
    return read_packet_id(packet)


def read_packet_id(packet):
    """Return the packet id that leads the body of PUBACK and SUBACK."""
    if len(packet.body) < 2:
        raise ProtocolError("short-packet")
    return packet.body[0] << 8 | packet.body[1]


def read_publish(packet):
    """Return (topic, packet id or 0 for QoS 0, payload) of a PUBLISH."""
    body = packet.body
    if len(body) < 2:
        raise ProtocolError("short-packet")
    end = 2 + (body[0] << 8 | body[1])
    with_id = packet.flags & 0x06
    if len(body) < end + (2 if with_id else 0):
        raise ProtocolError("short-packet")
    try:
        topic = str(bytes(body[2:end]), "utf-8")
    except UnicodeError:
        raise ProtocolError("bad-topic")
    if not with_id:
        return topic, 0, bytes(body[end:])
    return topic, body[end] << 8 | body[end + 1], bytes(body[end + 2 :])


class PacketReader:
    """Packets out of a byte stream that may be cut anywhere."""

    def __init__(self):
        self._head = bytearray()  # fixed header so far: type, then 1 to 4 bytes of length
        self._body = bytearray()
        self._length = -1  # of the body; -1 while the header is not complete
        self._missing = 0

    def feed(self, data):
        """Take bytes; yield each Packet that they complete."""
        data = memoryview(data)
        position = 0
        while position < len(data):
            if self._length < 0:
                self._take_head(data[position])
                position += 1
            else:
                count = min(self._missing, len(data) - position)
                room = min(count, PACKET_LIMIT - len(self._body))
                self._body += data[position : position + room]
                self._missing -= count
                position += count
            if self._length >= 0 and self._missing == 0:
                yield self._finish()

    def _take_head(self, byte):
        self._head.append(byte)
        if len(self._head) == 1:
            return
        if byte & 0x80:
            if len(self._head) == 5:
                raise ProtocolError("bad-length")
            return
        length = 0
        for index in range(len(self._head) - 1, 0, -1):
            length = length << 7 | self._head[index] & 0x7F
        self._length = self._missing = length

    def _finish(self):
        packet = Packet()
        packet.kind = self._head[0] & 0xF0
        packet.flags = self._head[0] & 0x0F
        packet.body = self._body
        packet.is_whole = len(self._body) == self._length
        self._head = bytearray()
        self._body = bytearray()
        self._length = -1
        return packet


def _packet(first_byte, body):
    head = bytearray((first_byte,))
    length = len(body)
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + body


def _text(text):
    return _binary(text.encode())


def _binary(data):
    return struct.pack(">H", len(data)) + data
