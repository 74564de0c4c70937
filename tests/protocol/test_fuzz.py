"""Mutated messages: both builds agree on every one, and what we accept means the same to cbor2.

`make fuzz` goes on from here, guided by coverage (fuzz_with_coverage.py).
"""

import random
import resource
from collections import Counter

import pytest

from tests.protocol import meaning
from tests.protocol.agreement import KEY, KEY_ID, TOPIC, agreed_meaning, agreed_payload
from tests.protocol.builds import load_compiled
from tests.protocol.test_vectors import VECTORS
from tests.protocol.vector_checks import hmac_sha256

SEED = 20180831
MESSAGES = 200_000
OTHER_MESSAGES = 10_000  # of each other kind: they are a twentieth of the code
GROWTH_LIMIT_KIB = 64 * 1024

# Heads that change what follows: sizes in 1 to 8 bytes, indefinite strings and arrays, tags, floats, nulls, breaks.
TELLING_BYTES = bytes.fromhex(
    "00 17 18 19 1a 1b 1f 20 37 38 3b 40 57 58 5b 5f 60 7f 80 9b 9f a0 bf c0 d1 f4 f5 f6 f7 f9 fb ff"
)


def change_byte(octets: bytearray, chance: random.Random) -> None:
    octets[chance.randrange(len(octets))] = chance.randrange(256)


def flip_bit(octets: bytearray, chance: random.Random) -> None:
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)


def put_telling_byte(octets: bytearray, chance: random.Random) -> None:
    octets[chance.randrange(len(octets))] = chance.choice(TELLING_BYTES)


def insert_byte(octets: bytearray, chance: random.Random) -> None:
    octets.insert(chance.randrange(len(octets) + 1), chance.choice(TELLING_BYTES))


def remove_byte(octets: bytearray, chance: random.Random) -> None:
    del octets[chance.randrange(len(octets))]


def repeat_slice(octets: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(octets))
    end = min(len(octets), start + chance.randrange(1, 12))
    octets[start:start] = octets[start:end]


def cut_off(octets: bytearray, chance: random.Random) -> None:
    del octets[chance.randrange(len(octets)) :]


def append(octets: bytearray, chance: random.Random) -> None:
    octets += bytes(chance.choices(TELLING_BYTES, k=chance.randrange(1, 9)))


MUTATIONS = [change_byte, flip_bit, put_telling_byte, insert_byte, remove_byte, repeat_slice, cut_off, append]
WEIGHTS = [8, 8, 8, 3, 3, 3, 1, 1]


def mutate(octets: bytes, chance: random.Random) -> bytes:
    mutated = bytearray(octets)
    for mutation in chance.choices(MUTATIONS, WEIGHTS, k=chance.choice((1, 1, 1, 2, 3))):
        if mutated:
            mutation(mutated, chance)
    return bytes(mutated)


def reaches_columns(payload: bytes) -> bool:
    reader = load_compiled("data_reader").DataReader()
    try:
        reader.open(payload)
    except load_compiled("cbor").DecodeError:
        return False
    return True


def test_mutated_data_is_read_alike_by_both_builds_and_by_cbor2():
    chance = random.Random(SEED)
    corpus = [bytes.fromhex(vector["hex"]) for vector in VECTORS["valid_data"]]
    corpus = [payload for payload in corpus if len(payload) < 1000]
    cose = load_compiled("cose")
    memory_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen: Counter[str] = Counter()
    for _ in range(MESSAGES):
        payload = mutate(chance.choice(corpus), chance)
        seen["reached the columns"] += reaches_columns(payload)
        if isinstance(agreed_meaning("data", payload), dict):
            seen["accepted"] += 1
            # Authenticated again, so that what is behind the seal is reached as it is here.
            message = cose.seal(payload, KEY, KEY_ID, TOPIC, hmac_sha256)
            assert cose.open_sealed(message, {KEY_ID: KEY}, TOPIC, hmac_sha256) == payload
    assert seen["reached the columns"] >= MESSAGES / 5, seen
    assert seen["accepted"] >= MESSAGES / 20, seen
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_before < GROWTH_LIMIT_KIB


@pytest.mark.parametrize("leaf", ["receipt", "birth", "event", "command", "reply"])
def test_mutated_control_messages_are_read_alike_by_both_builds_and_by_cbor2(leaf):
    chance = random.Random(SEED)
    corpus = [bytes.fromhex(vector["hex"]) for vector in VECTORS["valid_control"] if vector["leaf"] == leaf]
    found = [agreed_meaning(leaf, mutate(chance.choice(corpus), chance)) for _ in range(OTHER_MESSAGES)]
    assert any(isinstance(each, dict) for each in found)


def test_mutated_envelopes_are_refused_alike_and_never_open_to_another_payload():
    chance = random.Random(SEED)
    vectors = [vector for vector in VECTORS["sealed"] if vector["topic"] == TOPIC]
    payloads = {vector["payload"] for vector in vectors}
    for _ in range(OTHER_MESSAGES):
        message = mutate(bytes.fromhex(chance.choice(vectors)["hex"]), chance)
        found = agreed_payload(message)
        assert not isinstance(found, bytes) or found.hex() in payloads, message.hex()


def test_random_bytes_are_refused_alike():
    chance = random.Random(SEED)
    for _ in range(OTHER_MESSAGES):
        octets = chance.randbytes(chance.randrange(64))
        for leaf in meaning.FORMS:
            agreed_meaning(leaf, octets)
