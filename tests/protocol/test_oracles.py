"""Other people's implementations agree with ours: cwt on COSE, zcbor on the schema, cbor2 on the data."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROJECT, REQUIRE_ALL
from tests.protocol.builds import SOURCES
from tests.protocol.reader_from_the_guide import read_data
from tests.protocol.test_vectors import VECTORS

ENVIRONMENT = PROJECT / ".cache" / "oracles"
REQUIREMENTS = Path(__file__).with_name("oracles.txt")

# Reasons that CDDL cannot express: of encoding, of one value with another, inside texts and packed series, of the key.
BEYOND_CDDL = {
    *("indefinite", "not-ascending", "not-shortest", "trailing-bytes"),
    *("bad-time", "nulls-disagree", "quality-of-null", "reset-of-no-total"),
    *("bad-text", "bad-packing", "packing-not-shortest", "packing-trailing", "packing-truncated"),
    *("unknown-key", "wrong-tag"),
}
# Messages refused for a reason that CDDL can express elsewhere, but not of these values.
BEYOND_CDDL_BY_NAME = {
    *("data: records beyond the last number", "data: a gap that ends before it begins", "receipt: a range that falls"),
    *("data: the oldest record held below zero", "data: the oldest record held above 32 bits"),
    *("data: receipted below zero", "data: receipted above 32 bits"),
    *("data: a deviation of 2**42", "data: a value out of range", "data: a value out of range below"),
    *("data: more runs than records", "data: a run beyond the last record"),
    *("data: a run that begins beyond the last record",),
    *("data: a reset beyond the last record", "data: more resets than records"),
}
# cbor2, through which zcbor reads, drops this tag and turns big numbers into plain ones before zcbor can see them.
HIDDEN_BY_CBOR2 = {"data: the self-described CBOR tag in front", "data: a mantissa as a big number"}
PAYLOAD_IS_NO_MESSAGE = {"a payload of one byte", "a payload of 300 bytes"}


@pytest.fixture(scope="session")
def ask() -> Callable[[str, object], list]:
    """Return a function that has a script of this folder answer a question in the oracles' environment."""
    python = ENVIRONMENT / "bin" / "python"
    installed = ENVIRONMENT / "installed.txt"
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", "-r", REQUIREMENTS], capture_output=True, text=True
        )
        if done.returncode:
            reason = f"the oracles of {REQUIREMENTS.name} cannot be installed: {done.stderr.strip().splitlines()[-1]}"
            (pytest.fail if REQUIRE_ALL else pytest.skip)(reason)
        installed.write_text(REQUIREMENTS.read_text())

    def answer(script: str, question: object) -> list:
        command = [python, Path(__file__).with_name(script)]
        done = subprocess.run(command, input=json.dumps(question), capture_output=True, text=True, timeout=250)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return answer


def test_cwt_opens_what_we_seal_and_seals_the_same_bytes(ask):
    vectors = VECTORS["sealed"]
    for vector, answer in zip(vectors, ask("oracle_cose.py", vectors), strict=True):
        assert answer == {"opened": vector["payload"], "sealed": vector["hex"]}, vector["name"]


def test_every_valid_message_is_of_its_type_in_the_schema(ask):
    cases = [(type_of(vector), vector) for vector in VECTORS["valid_data"] + VECTORS["valid_control"]]
    cases += [("message", vector) for _, vector in cases]
    cases += [("sealed", vector) for vector in VECTORS["sealed"] if vector["name"] not in PAYLOAD_IS_NO_MESSAGE]
    for (name, vector), accepted in zip(cases, validate(ask, cases), strict=True):
        assert accepted, f"zcbor refuses {vector['name']!r} as {name}"


def test_the_schema_refuses_every_malformed_message_it_can_express(ask):
    cases = [
        (type_of(vector), vector)
        for group in ("malformed_data", "malformed_control", "malformed_sealed")
        for vector in VECTORS[group]
    ]
    taken = {vector["name"] for (_, vector), accepted in zip(cases, validate(ask, cases), strict=True) if accepted}
    beyond = {vector["name"] for _, vector in cases if vector["reason"] in BEYOND_CDDL}
    assert taken - beyond == BEYOND_CDDL_BY_NAME | HIDDEN_BY_CBOR2
    assert len(cases) - len(taken) >= 120


@pytest.mark.parametrize("vector", VECTORS["valid_data"], ids=lambda vector: vector["name"])
def test_a_reader_written_from_the_guide_finds_the_same_meaning(vector):
    assert read_data(bytes.fromhex(vector["hex"])) == vector["meaning"]


def type_of(vector: dict) -> str:
    if "leaf" not in vector:
        return "sealed"
    if vector["leaf"] == "receipt" and "refused" in vector["name"]:
        return "refused"
    return vector["leaf"]


def validate(ask: Callable[[str, object], list], cases: list[tuple[str, dict]]) -> list[bool]:
    messages = [[name, vector["hex"]] for name, vector in cases]
    return ask("oracle_cddl.py", {"cddl": (SOURCES / "telemetry.cddl").read_text(), "messages": messages})
