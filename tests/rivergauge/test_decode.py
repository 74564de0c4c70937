"""`rivergauge decode` explains every message, or says what is wrong with it at which byte."""

import base64
import json
import re

import pytest
from typer.testing import CliRunner

from rivergauge.cli import app
from rivergauge.explain import as_table, explain
from rivergauge.refusal_reasons import MEANINGS, SENML_MEANINGS
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
    rows = explain(bytes.fromhex(vector["hex"]))
    assert len(rows) >= 3
    assert rows[0] == ("sealed", "no: a payload alone")


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
    assert {vector["reason"] for vector in VECTORS["malformed_senml"]} <= set(SENML_MEANINGS)


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
    names = [line.split("  ")[0] for line in as_table(explain(bytes.fromhex(vector["hex"]))).splitlines()]
    assert [name for name in names if name] == ["sealed", "message", "message no", "happened at", "event", "detail"]


@pytest.mark.parametrize("vector", VECTORS["senml"], ids=lambda vector: vector["name"])
def test_every_senml_pack_is_explained(vector):
    rows = explain(bytes.fromhex(vector["hex"]))
    assert rows[0] == ("message", "SenML (RFC 8428), which nothing authenticates")
    shown = [str(value) for name, value in rows if name == "measurement"]
    assert len(shown) == len(vector["meaning"])
    assert all(said["name"] in text for said, text in zip(vector["meaning"], shown, strict=True))


def test_a_measurement_is_shown_with_its_time_value_and_unit():
    vector = next(vector for vector in VECTORS["senml"] if vector["name"].startswith("5.1.2 and 6"))
    rows = explain(bytes.fromhex(vector["hex"]))
    assert rows[2][1] == "2010-06-08T18:01:16.001Z  urn:dev:ow:10e2073a0108006:voltage  120.1 V"


def test_times_relative_to_receipt_are_shown_as_such():
    vector = next(vector for vector in VECTORS["senml"] if vector["name"].startswith("a base value"))
    rows = explain(bytes.fromhex(vector["hex"]))
    assert [value for name, value in rows if name == "measurement"] == [
        "when received  rain  100.5 mm  sum 10.0 mm s",
        "60 s before receipt  rain  sum 12.0 s",
    ]


# Those that do not begin as a pack does are taken for messages of ours, and refused as such. Whether a time relative to
# receipt is too early only the receiver can tell.
PACKS = [
    vector
    for vector in VECTORS["malformed_senml"]
    if re.match("8[1-9a-f]a|9f[ab]|98..a|99....a", vector["hex"]) and vector["name"] != "a time before 1970"
]


@pytest.mark.parametrize("vector", PACKS, ids=lambda vector: vector["name"])
def test_what_is_wrong_with_a_pack_is_told_with_its_byte(vector, tmp_path):
    payload = bytes.fromhex(vector["hex"])
    file = tmp_path / "pack"
    file.write_bytes(payload)
    done = run(str(file)) if len(payload) > 1000 else run(payload.hex())
    assert done.exit_code == 1
    assert done.output.startswith(f"{vector['reason']} at byte {vector['offset']} of {len(payload)}: ")


@pytest.mark.parametrize("group", VECTORS)
def test_no_vector_gives_a_traceback(group):
    for vector in VECTORS[group]:
        octets = vector["hex"]
        done = run("-", stdin=octets.encode())
        assert done.exit_code in (0, 1), (vector["name"], done.output)
        assert not isinstance(done.exception, Exception), vector["name"]


def test_as_json_the_fields_keep_their_order():
    done = run(GUIDE_EXAMPLE, "--json")
    fields = [(field["name"], field["value"]) for field in json.loads(done.output)["fields"]]
    assert fields[0] == ("sealed", "COSE_Mac0, HMAC 256/64")
    assert fields[-1] == ("record 1003", "2018-08-31T00:45:00Z  1.239  12.83")
    assert ("configuration", 3) in fields


def test_as_json_a_refusal_says_reason_and_byte():
    done = run("8b0101", "--json")
    assert done.exit_code == 1
    said = json.loads(done.output)["refused"]
    assert (said["reason"], said["offset"], said["size"]) == ("truncated", 3, 3)


TOPIC = "rg/1/syr-darya/uchkurgan/data"


@pytest.fixture
def keys(tmp_path):
    folder = tmp_path / "keys"
    (folder / "syr-darya").mkdir(parents=True)
    (folder / "syr-darya" / "uchkurgan.key").write_text(f"uchkurgan-1 {bytes(range(32)).hex()}\n")
    return folder


def test_a_tag_is_verified_with_the_station_s_key(keys):
    done = run(GUIDE_EXAMPLE, "--keys", str(keys), "--topic", TOPIC)
    assert done.exit_code == 0
    assert f"fc3616fef7b71c42, verified for {TOPIC}" in done.output


@pytest.mark.parametrize(
    ("message", "line", "reason"),
    [
        (GUIDE_EXAMPLE[:-1] + "3", f"uchkurgan-1 {bytes(range(32)).hex()}", "FORGED: wrong-tag"),
        (GUIDE_EXAMPLE, f"uchkurgan-1 {bytes(32).hex()}", "FORGED: wrong-tag"),
        (GUIDE_EXAMPLE, f"uchkurgan-2 {bytes(range(32)).hex()}", "FORGED: unknown-key"),
    ],
    ids=["a tag changed", "another key", "a key id the station does not have"],
)
def test_a_wrong_tag_is_said_and_fails(message, line, reason, keys):
    (keys / "syr-darya" / "uchkurgan.key").write_text(line + "\n")
    done = run(message, "--keys", str(keys), "--topic", TOPIC)
    assert done.exit_code == 1
    assert reason in done.output
    assert "record 1003" in done.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--topic", TOPIC], "expected both"),
        (["--keys", "{keys}"], "expected both"),
        (["--keys", "{keys}", "--topic", "syr-darya/uchkurgan"], "expected rg/1/{basin}/{station}/{leaf}"),
        (["--keys", "{keys}", "--topic", "rg/1/syr-darya/akdzhar/data"], "akdzhar.key: expected the keys"),
        (["--keys", "{keys}", "--topic", "rg/1/broken/broken/data"], "broken.key:1: expected `key_id hex`"),
    ],
    ids=["a topic alone", "keys alone", "no topic", "a station without keys", "a broken key file"],
)
def test_what_cannot_verify_is_wrong_use(options, said, keys):
    (keys / "broken").mkdir()
    (keys / "broken" / "broken.key").write_text("nothing\n")
    done = run(GUIDE_EXAMPLE, *(option.replace("{keys}", str(keys)) for option in options))
    assert done.exit_code == 2
    assert said in done.output
