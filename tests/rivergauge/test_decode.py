"""`rivergauge decode` explains every message, or says what is wrong with it at which byte."""

import base64
import re

import pytest
from typer.testing import CliRunner

from rivergauge.cli import app
from rivergauge.explain import explain
from rivergauge.refusal_reasons import MEANINGS
from tests.protocol.test_vectors import VECTORS

VALID = VECTORS["valid_data"] + VECTORS["valid_control"]
MALFORMED = VECTORS["malformed_data"] + VECTORS["malformed_control"]
# Without a topic, a message with the kind of another is explained as that other.
MALFORMED_AS_DATA = [vector for vector in VECTORS["malformed_data"] if vector["name"] != "data: the kind of a birth"]
GUIDE_EXAMPLE = (
    "d18450a20104044b7563686b757267616e2d31a0583b8b01011ac0ffee011903e804030202a084001a5b8885001903844082"
    "8701010100221904d243028d30880207000021190504420040a1018302010148fc3616fef7b71c42"
)


def run(*arguments: str, stdin: bytes = b""):
    return CliRunner().invoke(app, ["decode", *arguments], input=stdin)


def test_the_example_of_the_guide_is_explained():
    done = run(GUIDE_EXAMPLE)
    assert done.exit_code == 0, done.output
    rows = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in done.output.splitlines())
    assert rows["key id"] == "uchkurgan-1"
    assert rows["records"] == "4: 1000 to 1003"
    assert rows["record 1002"] == "2018-08-31T00:30:00Z  1.241  - (no reading)"


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: f"{vector['leaf']} {vector['name']}")
def test_every_valid_payload_is_explained(vector):
    lines = explain(bytes.fromhex(vector["hex"])).splitlines()
    assert len(lines) >= 3
    assert lines[0].startswith("sealed")


@pytest.mark.parametrize("vector", MALFORMED_AS_DATA, ids=lambda vector: vector["name"])
def test_what_is_wrong_with_a_payload_is_told_with_its_byte(vector):
    payload = bytes.fromhex(vector["hex"])
    done = run(payload.hex())
    assert done.exit_code == 1
    assert done.output.startswith(f"{vector['reason']} at byte {vector['offset']} of {len(payload)}: ")


def test_in_a_sealed_message_the_byte_is_that_of_the_message():
    octets = bytearray.fromhex(GUIDE_EXAMPLE)
    at = octets.index(bytes.fromhex("1903e8"))  # first_record_no
    octets[at] = 0x39  # negative
    done = run(octets.hex())
    assert done.exit_code == 1
    message, shown, caret = done.output.splitlines()[:3]
    assert message.startswith(f"wrong-type at byte {at} of {len(octets)}: ")
    assert shown[caret.index("^^") :].startswith("39 03 e8")


def test_every_reason_has_a_meaning():
    reasons = {vector["reason"] for vector in MALFORMED + VECTORS["malformed_sealed"]}
    assert reasons - {"wrong-tag", "unknown-key"} <= set(MEANINGS)


SOURCES = {
    "hex": GUIDE_EXAMPLE.encode(),
    "hex in lines": b"\n".join(re.findall(rb".{1,76}", GUIDE_EXAMPLE.encode())) + b"\n",
    "base64": base64.b64encode(bytes.fromhex(GUIDE_EXAMPLE)),
    "base64 of the URL alphabet": base64.urlsafe_b64encode(bytes.fromhex(GUIDE_EXAMPLE)),
    "the bytes themselves": bytes.fromhex(GUIDE_EXAMPLE),
}


@pytest.mark.parametrize("content", SOURCES.values(), ids=SOURCES)
def test_a_message_is_read_from_stdin_and_from_a_file(content, tmp_path):
    file = tmp_path / "message"
    file.write_bytes(content)
    for done in (run("-", stdin=content), run(str(file))):
        assert done.exit_code == 0, done.output
        assert "uchkurgan-1" in done.output


@pytest.mark.parametrize("text", ["neither", "d1840a...", "no/such/file.bin", "\0", "?" * 5000])
def test_what_cannot_be_read_is_wrong_use(text):
    done = run(text)
    assert done.exit_code == 2
    assert "neither hex nor base64" in done.output


def test_a_text_of_a_station_cannot_imitate_a_field():
    vector = next(vector for vector in VECTORS["valid_control"] if "traceback" in vector["name"])
    names = [line.split("  ")[0] for line in explain(bytes.fromhex(vector["hex"])).splitlines()]
    assert [name for name in names if name] == ["sealed", "message", "message no", "happened at", "event", "detail"]
