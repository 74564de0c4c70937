"""Real programs are found in an order that people can rely on; what is missing is said in one line."""

import subprocess
import sys

import pytest

from rivergauge import parts


@pytest.fixture
def empty_machine(tmp_path, monkeypatch):
    """A machine with nothing on the PATH and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("MICROPYTHON", raising=False)
    monkeypatch.setattr(parts, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path


def executable(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_a_program_named_in_the_environment_comes_first(empty_machine, monkeypatch):
    executable(empty_machine / "path" / "micropython")
    named = executable(empty_machine / "mine")
    monkeypatch.setenv("MICROPYTHON", named)
    assert parts.find("micropython") == named


def test_the_path_comes_before_what_was_unpacked(empty_machine):
    unpacked = executable(empty_machine / "cache" / "parts" / "bin" / "micropython")
    assert parts.find("micropython") == unpacked
    on_path = executable(empty_machine / "path" / "micropython")
    assert parts.find("micropython") == on_path


@pytest.mark.parametrize(
    ("name", "environment", "said"),
    [
        ("micropython", None, f"{sys.executable} -m rivergauge.parts micropython"),
        ("micropython", "/no/such/file", "$MICROPYTHON is '/no/such/file', which cannot be run"),
        ("abacus", None, "no such part; known are micropython"),
    ],
    ids=["not on this machine", "named but not there", "unknown"],
)
def test_what_is_missing_is_said_with_what_to_do(empty_machine, monkeypatch, name, environment, said):
    if environment:
        monkeypatch.setenv("MICROPYTHON", environment)
    with pytest.raises(parts.PartMissing) as missing:
        parts.find(name)
    assert said in str(missing.value)
    assert "\n" not in str(missing.value)


def test_without_apt_the_person_is_told_to_install_it(empty_machine):
    with pytest.raises(parts.PartMissing, match=r"no apt on this machine"):
        parts.fetch("micropython")


def test_the_command_ends_with_status_1_when_a_part_cannot_be_had():
    done = subprocess.run(
        [sys.executable, "-m", "rivergauge.parts", "abacus"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no such part" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unpacked_micropython_runs(part):
    done = subprocess.run([part("micropython"), "-c", "print(6 * 7)"], capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"
