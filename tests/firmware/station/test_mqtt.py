# Shared dialect: runs on MicroPython, and on CPython.
"""MQTT 3.1.1 packets, byte for byte, and reading them from any stream."""

from binascii import unhexlify

from firmware.station import mqtt
from tests.firmware.station.expecting import raises

# What a broker may send, one of each kind: (bytes, kind, flags, body).
RECEIVED = [
    (b"\x20\x02\x01\x00", mqtt.CONNACK, 0, b"\x01\x00"),
    (b"\x90\x04\x00\x07\x01\x01", mqtt.SUBACK, 0, b"\x00\x07\x01\x01"),
    (b"\x40\x02\xff\xff", mqtt.PUBACK, 0, b"\xff\xff"),
    (b"\xd0\x00", mqtt.PINGRESP, 0, b""),
    (b"\x32\x08\x00\x03a/b\x00\x09x", mqtt.PUBLISH, 2, b"\x00\x03a/b\x00\x09x"),
    (b"\x30\xc8\x01" + b"\x00\x01t" + b"y" * 197, mqtt.PUBLISH, 0, b"\x00\x01t" + b"y" * 197),
]


def packets_in(stream, chunk_bytes):
    reader = mqtt.PacketReader()
    return [
        packet
        for start in range(0, len(stream), chunk_bytes)
        for packet in reader.feed(stream[start : start + chunk_bytes])
    ]


def packet_of(data):
    (packet,) = packets_in(data, len(data))
    return packet


def test_connect_asks_for_a_lasting_session_with_a_retained_will():
    packet = mqtt.connect_packet("b.s", 120, "t", b"gone")
    assert packet == unhexlify("101800044d515454042c00780003622e730001740004676f6e65")


def test_publish_has_qos_1_and_may_be_retained():
    assert mqtt.publish_packet(0x1234, "a/b", b"xy") == b"\x32\x09\x00\x03a/b\x12\x34xy"
    assert mqtt.publish_packet(1, "a/b", b"", is_retained=True)[:1] == b"\x33"


def test_lengths_take_one_more_byte_at_each_power_of_128():
    for length, head in ((127, b"\x7f"), (128, b"\x80\x01"), (16_383, b"\xff\x7f"), (16_384, b"\x80\x80\x01")):
        packet = mqtt.publish_packet(1, "t", bytes(length - 5))
        assert packet[1 : 1 + len(head)] == head and len(packet) == 1 + len(head) + length, length


def test_subscribe_and_puback_are_as_the_standard_says():
    assert mqtt.subscribe_packet(7, ["a", "b"]) == b"\x82\x0a\x00\x07\x00\x01a\x01\x00\x01b\x01"
    assert mqtt.puback_packet(65_535) == b"\x40\x02\xff\xff"


def test_packet_ids_wrap_from_65535_to_1():
    assert mqtt.following_packet_id(0) == 1
    assert mqtt.following_packet_id(65_534) == 65_535
    assert mqtt.following_packet_id(65_535) == 1


def test_packets_are_found_however_the_stream_is_cut():
    stream = b"".join(data for data, _, _, _ in RECEIVED)
    for chunk_bytes in (1, 2, 3, 7, 50, len(stream)):
        found = [(packet.kind, packet.flags, bytes(packet.body)) for packet in packets_in(stream, chunk_bytes)]
        assert found == [(kind, flags, body) for _, kind, flags, body in RECEIVED], chunk_bytes
        assert all(packet.is_whole for packet in packets_in(stream, chunk_bytes))


def test_a_packet_too_long_is_read_past_with_its_id_known_and_the_next_one_follows():
    topic = b"\x00\x03a/b"
    length = 70_000
    head = bytes((length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14))
    stream = b"\x32" + head + topic + b"\x00\x09" + bytes(length - 7) + b"\xd0\x00"
    publish, pong = packets_in(stream, 512)
    assert not publish.is_whole and len(publish.body) == mqtt.PACKET_LIMIT
    assert mqtt.read_publish(publish)[:2] == ("a/b", 9)
    assert pong.kind == mqtt.PINGRESP


def test_a_length_of_more_than_four_bytes_is_refused():
    reader = mqtt.PacketReader()
    error = raises(mqtt.ProtocolError, list, reader.feed(b"\x30\xff\xff\xff\xff\x01"))
    assert error.reason == "bad-length"


def test_publish_is_read_with_and_without_an_id():
    assert mqtt.read_publish(packet_of(RECEIVED[4][0])) == ("a/b", 9, b"x")
    assert mqtt.read_publish(packet_of(RECEIVED[5][0])) == ("t", 0, b"y" * 197)


def test_every_broken_answer_is_refused_with_its_reason():
    cases = {
        "connack with code 5": (mqtt.read_connack, b"\x20\x02\x00\x05", "refused-5"),
        "connack of three bytes": (mqtt.read_connack, b"\x20\x03\x00\x00\x00", "no-connack"),
        "pong for connack": (mqtt.read_connack, b"\xd0\x00", "no-connack"),
        "suback with a failure": (mqtt.read_suback, b"\x90\x04\x00\x01\x01\x80", "subscription-refused"),
        "puback without an id": (mqtt.read_packet_id, b"\x40\x01\x00", "short-packet"),
        "publish without a topic": (mqtt.read_publish, b"\x32\x01\x00", "short-packet"),
        "publish with a topic too long": (mqtt.read_publish, b"\x32\x04\x00\x09ab", "short-packet"),
        "publish without an id": (mqtt.read_publish, b"\x32\x04\x00\x01a\x00", "short-packet"),
        "publish with a topic that is no text": (mqtt.read_publish, b"\x30\x04\x00\x02\xc3\x28", "bad-topic"),
    }
    for name, (read, data, reason) in sorted(cases.items()):
        assert raises(mqtt.ProtocolError, read, packet_of(data)).reason == reason, name


def test_connack_tells_whether_the_session_was_kept():
    assert mqtt.read_connack(packet_of(b"\x20\x02\x01\x00")) is True
    assert mqtt.read_connack(packet_of(b"\x20\x02\x00\x00")) is False
