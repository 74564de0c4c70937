"""The key files of the stations."""

import os

import pytest

from gateway.keys import KeyFileError, Keys

KEY = "00" * 31 + "ff"


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "basin" / "upper.key"
    path.parent.mkdir()
    return path


def test_two_keys_are_valid_at_once(tmp_path, key_file):
    key_file.write_text(f"# the old one, until the station has been visited\nupper-1 {KEY}\n\nupper-2 {KEY}\n")
    assert Keys(tmp_path).of("basin", "upper") == {b"upper-1": bytes.fromhex(KEY), b"upper-2": bytes.fromhex(KEY)}


def test_a_station_without_a_file_has_no_key(tmp_path):
    assert Keys(tmp_path).of("basin", "upper") == {}


def test_a_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "basin").write_text("")
    with pytest.raises(KeyFileError, match=r"upper\.key: Not a directory"):
        Keys(tmp_path).of("basin", "upper")


def test_a_new_key_is_seen_without_a_restart(tmp_path, key_file):
    keys = Keys(tmp_path)
    assert keys.of("basin", "upper") == {}
    key_file.write_text(f"upper-1 {KEY}\n")
    assert list(keys.of("basin", "upper")) == [b"upper-1"]
    key_file.write_text(f"upper-2 {KEY}\n")
    os.utime(key_file, ns=(1, 1))
    keys.look_again()
    assert list(keys.of("basin", "upper")) == [b"upper-2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("upper-1\n", "upper.key:1: expected `key_id hex`"),
        ("upper-1 xyz\n", "upper.key:1: expected `key_id hex`"),
        (f"upper-1 {KEY}\nupper-2 00ff\n", "upper.key:2: expected a key id and 32 bytes in hex, found 2 bytes"),
        (f"upper-1 {KEY}\nupper-1 {KEY}\n", "upper.key:2: expected a key id"),
        (f"a {KEY}\nb {KEY}\nc {KEY}\n", "3 keys, expected at most 2"),
        ("ключ\n", "expected a readable text file"),
    ],
    ids=["no key", "no hex", "too short", "an id twice", "three keys", "not ASCII"],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path, key_file, text, expected):
    key_file.write_text(text)
    with pytest.raises(KeyFileError, match=expected.replace("(", r"\(")) as refused:
        Keys(tmp_path).of("basin", "upper")
    assert KEY not in str(refused.value)


def test_a_file_is_looked_at_once_between_two_looks(tmp_path, key_file):
    keys = Keys(tmp_path)
    key_file.write_text(f"upper-1 {KEY}\n")
    assert list(keys.of("basin", "upper")) == [b"upper-1"]
    key_file.unlink()
    assert list(keys.of("basin", "upper")) == [b"upper-1"]
    keys.look_again()
    assert keys.of("basin", "upper") == {}
