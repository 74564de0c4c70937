"""A text in parts: every command that carries one fits into what a station reads of a packet."""

import hashlib

import pytest

from firmware.station.mqtt import PACKET_LIMIT
from protocol import cose, topics
from protocol.cbor import EncodeError
from protocol.commands import Command, encode_command
from protocol.text_parts import PART_LIMIT, PARTS_LIMIT, split_text
from tests.fakes.gateway import hmac_sha256

LONGEST_ID = "a" * topics.ID_LIMIT
MQTT_HEAD_BYTES = 4  # length of the topic, packet id


@pytest.mark.parametrize("length", [1, PART_LIMIT, PART_LIMIT + 1, PART_LIMIT * PARTS_LIMIT])
def test_the_parts_together_are_the_text_and_each_has_its_hash(length):
    text = ("0123456789" * length)[:length]
    parts = split_text(text)
    assert "".join(part["text"] for part in parts) == text
    assert [part["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert {(part["parts"], part["sha256"]) for part in parts} == {
        (len(parts), hashlib.sha256(text.encode()).hexdigest())
    }


def test_the_largest_command_with_a_part_is_read_whole_by_a_station():
    part = split_text("x" * PART_LIMIT * PARTS_LIMIT)[-1]
    payload = encode_command(Command(LONGEST_ID, 2**32 - 1, 4_294_967_295_999, "new-configuration", part))
    topic = topics.topic(LONGEST_ID, LONGEST_ID, "command")
    message = cose.seal(payload, bytes(32), b"k" * cose.KEY_ID_LIMIT, topic, hmac_sha256, tag_bytes=32)
    assert MQTT_HEAD_BYTES + len(topic) + len(message) <= PACKET_LIMIT


@pytest.mark.parametrize("text", ["", "x" * (PART_LIMIT * PARTS_LIMIT + 1)], ids=["empty", "too long"])
def test_a_text_that_does_not_fit_is_refused(text):
    with pytest.raises(EncodeError, match="expected 1 to 16384"):
        split_text(text)
