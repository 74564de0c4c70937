"""Every vector under both builds of CPython."""

import json

import pytest

from tests.protocol.builds import BUILDS, SOURCES
from tests.protocol.vector_checks import CHECKS
from tests.protocol.vector_source import groups, text

VECTORS = {group: json.loads((SOURCES / "vectors" / f"{group}.json").read_text()) for group in CHECKS}
CASES = [
    pytest.param(check, vector, id=f"{group}-{vector['name']}-{check.__name__}")
    for group, vectors in VECTORS.items()
    for vector in vectors
    for check in CHECKS[group]
]


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize(("check", "vector"), CASES)
def test_a_vector_holds(check, vector, build):
    check(vector, BUILDS[build])


def test_there_are_as_many_vectors_as_promised():
    valid = VECTORS["valid_data"] + VECTORS["valid_control"] + VECTORS["sealed"]
    malformed = VECTORS["malformed_data"] + VECTORS["malformed_control"] + VECTORS["malformed_sealed"]
    assert len(valid) >= 60
    assert len(malformed) >= 120


@pytest.mark.parametrize("group", CHECKS)
def test_vectors_of_a_group_have_names_and_bytes_of_their_own(group):
    names = [vector["name"] for vector in VECTORS[group]]
    assert len(set(names)) == len(names)
    contents = [json.dumps({**vector, "name": ""}) for vector in VECTORS[group]]
    assert len(set(contents)) == len(contents)


def test_the_vectors_are_what_their_source_makes():
    # Version 1 is frozen: if this fails, it is the source or the encoder that must go back.
    for group, vectors in groups():
        assert (SOURCES / "vectors" / f"{group}.json").read_text() == text(vectors), group
