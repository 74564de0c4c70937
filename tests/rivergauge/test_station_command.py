"""`rivergauge station`: flashing and verifying a virtual station over its console, and simulating one."""

import json
import os
import pty
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firmware.flash import BoardConnection, PlannedFile, read_key
from firmware.virtual.host import Bench, Clock, synthetic_flood
from rivergauge.station import app

BASIN = Path(__file__).resolve().parents[2] / "deploy" / "basin.toml"
BROKER = "127.0.0.1:1883"


def run(*words, expect=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == expect, done.output
    return done.output


@pytest.fixture
def blank(part, tmp_path):
    """Return a virtual station with nothing on it, held in its REPL."""
    bench = Bench(Clock(0), part("micropython"), tmp_path / "stations")
    station = bench.add_station("blank", synthetic_flood(0), [])
    station.hold_in_repl()
    yield station
    bench.close()


def words_for(station, tmp_path):
    return [
        "--basin",
        BASIN,
        "--station",
        "uchkurgan",
        "--broker",
        BROKER,
        "--keys",
        tmp_path,
        "--port",
        station.console_port,
    ]


def test_a_station_is_flashed_gets_a_key_and_verifies(blank, tmp_path):
    words = words_for(blank, tmp_path)
    done = CliRunner().invoke(app, ["flash", *(str(word) for word in words), "--json"])
    assert "uchkurgan has a new key uchkurgan-1 there; the gateway needs it" in done.stderr
    said = json.loads(done.stdout)
    assert said["good"] and {"/main.py", "/station/app.mpy", "/station.json", "/key.bin"} <= set(said["written"])
    key_file = tmp_path / "syr-darya" / "uchkurgan.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    blank.hold_in_repl()
    with BoardConnection(blank.console_port) as board:
        assert (
            board.hashes()["/key.bin"]
            == PlannedFile("", read_key(tmp_path, "syr-darya", "uchkurgan", "uchkurgan-1")).sha256
        )
    blank.hold_in_repl()
    again = json.loads(run("flash", *words, "--json"))
    assert again["written"] == [] and again["good"]


def test_a_file_changed_on_the_board_fails_the_verification(blank, tmp_path):
    words = words_for(blank, tmp_path)
    run("flash", *words)
    blank.hold_in_repl()
    with BoardConnection(blank.console_port) as board:
        board.write(PlannedFile("/station/app.mpy", b"something else"))
    said = run("verify", *words, expect=1)
    assert "different /station/app.mpy" in said


def test_a_dry_run_writes_nothing_on_board_or_server(blank, tmp_path):
    words = words_for(blank, tmp_path)
    (tmp_path / "syr-darya").mkdir()
    (tmp_path / "syr-darya" / "uchkurgan.key").write_text("uchkurgan-1 " + "00" * 32 + "\n")
    assert "missing   /main.py" in run("flash", *words, "--dry-run")
    with BoardConnection(blank.console_port) as board:
        assert board.hashes() == {}


@pytest.mark.parametrize(
    ("change", "exit_code", "said"),
    [
        pytest.param({"--station": "nowhere"}, 2, "expected one of akdzhar", id="station not in the basin"),
        pytest.param({"--broker": "1883"}, 2, "expected HOST:PORT", id="broker without a host"),
        pytest.param({"--broker": "host:0"}, 2, "expected HOST:PORT", id="broker without a port"),
        pytest.param({"--board": "esp32"}, 1, "found a board of the kind virtual, expected esp32", id="another board"),
        pytest.param({"--port": "/dev/ttyNONE"}, 1, "/dev/ttyNONE: could not open", id="no such port"),
        pytest.param({"--dry-run": None}, 1, "has no key uchkurgan-1", id="no key yet"),
    ],
)
def test_wrong_use_is_told_in_one_line(blank, tmp_path, change, exit_code, said):
    options = words_for(blank, tmp_path)
    given = {**dict(zip(options[::2], options[1::2], strict=True)), **change}
    words = [word for pair in given.items() for word in pair if word is not None]
    output = run("flash", *words, expect=exit_code)
    assert said in " ".join(output.replace("│", " ").split())
    with BoardConnection(blank.console_port) as board:
        assert board.hashes() == {}


@pytest.mark.parametrize("command", ["flash", "verify"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"--broker": "gauges.example.org"}, "expected HOST:PORT", id="broker"),
        pytest.param({"--broker-folder": "nowhere"}, "nowhere/ca.crt: No such file", id="folder of certificates"),
    ],
)
def test_what_is_given_is_looked_at_before_the_board_is(command, change, said):
    given = {"--station": "uchkurgan", "--basin": BASIN, "--broker": BROKER, "--port": "/dev/ttyNONE", **change}
    done = CliRunner().invoke(app, [command, *(str(word) for pair in given.items() for word in pair)])
    assert done.exit_code != 0 and said in " ".join(done.output.replace("│", " ").split())


def test_a_port_at_which_nobody_answers_is_told_in_words(monkeypatch):
    monkeypatch.setattr("firmware.flash.connection.SILENCE_S", 0.2)
    ours, theirs = pty.openpty()
    words = ["--station", "uchkurgan", "--basin", BASIN, "--broker", BROKER, "--port", os.ttyname(theirs)]
    said = run("verify", *words, expect=1).splitlines()
    os.close(ours)
    os.close(theirs)
    assert len(said) == 2
    assert "asking the board what it holds" in said[0] and "could not enter the raw REPL" in said[1]


def test_a_simulated_station_accounts_for_every_record(part):
    part("mosquitto")
    part("micropython")
    words = ["--basin", BASIN, "--station", "uchkurgan", "--from", "2018-08-30T00:00Z", "--days", "0.125", "--json"]
    said = json.loads(run("simulate", *words))
    assert (said["scheduled"], said["sent"], said["missing"], said["stored_twice"]) == (12, 12, 0, 0)
    assert said["synthetic"] and said["max_abs_error_m"] <= 0.001


def test_a_river_file_that_cannot_be_used_ends_with_status_2(tmp_path):
    river = tmp_path / "river.csv"
    river.write_text("when,level\n")
    words = ["--basin", BASIN, "--station", "uchkurgan", "--river", river]
    assert "line 1: found the columns when,level" in run("simulate", *words, expect=2)


@pytest.mark.parametrize("days", ["0", "inf", "nan"])
def test_a_station_is_simulated_for_days_that_have_an_end(days):
    assert "--days" in run("simulate", "--basin", BASIN, "--station", "uchkurgan", "--days", days, expect=2)
