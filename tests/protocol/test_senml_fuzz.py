"""Mutated SenML packs: refused with a reason, or read as cbor2 reads them; never another error, whatever the bytes."""

import random
from collections import Counter

import cbor2

from protocol.messages import DecodeError
from protocol.senml import Measurement, decode_senml
from tests.protocol.test_fuzz import MESSAGES, SEED, mutate
from tests.protocol.test_vectors import VECTORS
from tests.protocol.vector_checks import SENML_RECEIVED_AT_MS

NAME, VALUE, BASE_NAME, BASE_VALUE = 0, 2, -2, -5
# A tag in a field of no meaning to us is stepped over; only that of a decimal fraction (4) says something to us.
TAGS_WITHOUT_MEANING = dict.fromkeys(set(range(0x10000)) - {4}, lambda value, _is_immutable: value)


def read_with_cbor2(payload: bytes) -> list[tuple[str, float]]:
    """Return (name, value) of each number of a pack, resolved in the plainest way."""
    base_name, base_value = "", 0.0
    found = []
    for record in cbor2.loads(payload, semantic_decoders=TAGS_WITHOUT_MEANING):
        base_name = record.get(BASE_NAME, base_name)
        base_value = record.get(BASE_VALUE, base_value)
        if VALUE in record:
            found.append((base_name + record.get(NAME, ""), float(base_value) + float(record[VALUE])))
    return found


def numbers(measurements: list[Measurement]) -> list[tuple[str, float]]:
    return [(each.name, each.value) for each in measurements if isinstance(each.value, float)]


def test_a_mutated_pack_is_refused_or_means_what_cbor2_finds():
    chance = random.Random(SEED)
    corpus = [bytes.fromhex(vector["hex"]) for vector in VECTORS["senml"]]
    seen: Counter[str] = Counter()
    for _ in range(MESSAGES):
        payload = mutate(chance.choice(corpus), chance)
        try:
            measurements = decode_senml(payload, SENML_RECEIVED_AT_MS)
        except DecodeError as error:
            assert 0 <= error.offset <= len(payload), payload.hex()
            seen["refused"] += 1
            continue
        seen["accepted"] += 1
        assert numbers(measurements) == read_with_cbor2(payload), payload.hex()
    assert min(seen["refused"], seen["accepted"]) > MESSAGES / 20, seen


def test_random_bytes_are_never_anything_but_refused_or_read():
    chance = random.Random(SEED)
    for _ in range(MESSAGES // 4):
        octets = bytes([chance.choice((0x80, 0x81, 0x82, 0x9F))]) + chance.randbytes(chance.randrange(48))
        try:
            decode_senml(octets, SENML_RECEIVED_AT_MS)
        except DecodeError as error:
            assert 0 <= error.offset <= len(octets), octets.hex()
