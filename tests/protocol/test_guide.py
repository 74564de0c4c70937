"""The worked example of protocol/README.md is what it says it is."""

import hmac
import re

from protocol import cose
from protocol.messages import Batch, Channel, Column, encode_data
from tests.protocol.builds import SOURCES

GUIDE = (SOURCES / "README.md").read_text()
HEX_BLOCKS = [re.sub(r"\s", "", block) for block in re.findall(r"(?:^ {4}[0-9a-f]{20,}\n)+", GUIDE, flags=re.MULTILINE)]


def example() -> Batch:
    stage = Column(Channel(1, 1, 1, 0, -3), [1234, 1236, 1241, 1239])
    battery = Column(Channel(2, 7, 0, 0, -2), [1284, 1284, None, 1283], null_reasons={2: 1})
    times_ms = [1_535_673_600_000 + 900_000 * index for index in range(4)]
    return Batch(0xC0FFEE01, 1000, times_ms, [stage, battery], configuration_no=3, oldest_held=998, receipted=998)


def test_the_payload_of_the_guide_is_that_of_its_example():
    assert encode_data(example()).hex() == HEX_BLOCKS[0]
    assert f"in {len(HEX_BLOCKS[0]) // 2} bytes" in GUIDE


def test_the_sealed_message_of_the_guide_is_that_of_its_example():
    key, topic = bytes(range(32)), "rg/1/syr-darya/uchkurgan/data"
    sealed = cose.seal(
        encode_data(example()), key, b"uchkurgan-1", topic, lambda k, data: hmac.digest(k, data, "sha256")
    )
    assert sealed.hex() == HEX_BLOCKS[1]
    assert f"{len(sealed)} bytes:" in GUIDE
