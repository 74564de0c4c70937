"""Packets out of a stream: what is published is read, everything else is handed on untouched."""

import random

import pytest

from gateway.mqtt_reader import PacketReader, Published

# Composed by hand from MQTT 5, section 3.3.
MESSAGES = {
    "quality of service 1": ("32 0b 0003612f62 1234 00 763132", Published(b"a/b", 0x1234, b"v12")),
    "quality of service 0": ("30 09 0003612f62 00 763132", Published(b"a/b", 0, b"v12")),
    "sent again and retained": ("3b 08 0001 61 0001 00 7631", Published(b"a", 1, b"v1")),
    "without a payload": ("32 06 0001 61 ffff 00", Published(b"a", 0xFFFF, b"")),
    "with a property": ("32 0b 0001 61 0007 05 0200000e10", Published(b"a", 7, b"")),
    "of two bytes of length": ("32 8a 01 0001 61 0007 00" + 132 * "7a", Published(b"a", 7, 132 * b"z")),
    "with 130 bytes of properties": ("32 8b01 0001 61 0007 8201" + 130 * "26" + "7a7a", Published(b"a", 7, b"zz")),
}
OTHERS = {
    "a connection granted": "20 09 00 00 06 21 03e8 22 000a",
    "a subscription granted": "90 04 0001 00 01",
    "a publication acknowledged": "40 02 0007",
    "an answer to a ping": "d0 00",
    "a goodbye": "e0 02 8b 00",
    "quality of service 2": "34 08 0001 61 0007 00 7631",
    "a topic longer than the packet": "32 05 00ff 61 0007",
    "a packet id cut off": "32 04 0001 61 00",
    "no length of properties": "32 05 0001 61 0007",
    "properties longer than the packet": "32 08 0001 61 0007 05 7631",
    "a length of properties without an end": "32 0a 0001 61 0007 ffffffff 01",
    "nothing in it": "32 00",
    "half a length of the topic": "32 01 00",
}


def read(*pieces):
    reader = PacketReader()
    return [packet for piece in pieces for packet in reader.packets(piece)]


@pytest.mark.parametrize(("text", "message"), MESSAGES.values(), ids=MESSAGES)
def test_a_message_is_read(text, message):
    assert read(bytes.fromhex(text)) == [message]


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_what_is_no_clean_message_is_handed_on_as_it_came(text):
    assert read(bytes.fromhex(text)) == [bytes.fromhex(text)]


def test_packets_leave_in_the_order_they_came_however_the_stream_is_cut():
    texts = [text for text, _ in MESSAGES.values()] + list(OTHERS.values())
    expected = [message for _, message in MESSAGES.values()] + [bytes.fromhex(text) for text in OTHERS.values()]
    stream = bytes.fromhex("".join(texts))
    assert read(stream) == expected
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == expected
    chance = random.Random(1)
    for _ in range(200):
        cuts = sorted(chance.sample(range(len(stream)), 5))
        pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert read(*pieces) == expected


@pytest.mark.parametrize("text", [text for text, _ in MESSAGES.values()], ids=MESSAGES)
def test_nothing_leaves_before_its_packet_is_whole(text):
    packet = bytes.fromhex(text)
    for end in range(len(packet)):
        assert read(packet[:end]) == []


def test_what_has_a_length_of_five_bytes_is_handed_on_at_once_with_all_that_follows():
    ping = bytes.fromhex("d0 00")
    assert read(ping + bytes.fromhex("32 ffffffff 7f 00 01")) == [ping, bytes.fromhex("32 ffffffff 7f 00 01")]


def test_a_message_of_16_mb_is_read_from_many_pieces():
    payload = bytes(16_000_000)
    size = len(payload) + 6
    length = bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 21])
    packet = b"\x32" + length + b"\x00\x01a\x00\x07\x00" + payload
    pieces = [packet[at : at + 65_536] for at in range(0, len(packet), 65_536)]
    assert read(*pieces) == [Published(b"a", 7, payload)]
