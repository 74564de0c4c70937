"""The commands that run and inspect a gateway, as a user runs them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from gateway.journal import Journal
from gateway.stores.embedded import EmbeddedStore
from rivergauge.servers import Mosquitto
from tests.fakes.publisher import Publisher, stage_batch, write_key

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
STATIONS = ("akdzhar", "kokbulak", "uchkurgan")
KEY = b"k" * 32
WAIT_LIMIT_S = 30
COMMAND = [sys.executable, "-c", "from rivergauge.cli import main; main()"]


@pytest.fixture
def site(tmp_path):
    """A folder as a user would have it: copies of deploy/ and a key for each station; the broker is not running yet."""
    (tmp_path / "basin.toml").write_text((DEPLOY / "basin.toml").read_text())
    for station in STATIONS:
        write_key(tmp_path / "keys", "syr-darya", station, f"{station}-1", KEY)
    return tmp_path


@pytest.fixture
def broker(site, part):
    server = Mosquitto(site / "mosquitto", part("mosquitto"))
    settings = (DEPLOY / "gateway.toml").read_text()
    settings = settings.replace("port = 1883", f"port = {server.port}").replace("port = 8080", "port = 0")
    (site / "gateway.toml").write_text(settings)
    yield server
    server.stop()


def rivergauge(site, *arguments):
    return subprocess.run([*COMMAND, *arguments], cwd=site, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def running(site, broker):
    """The gateway, run as a user runs it."""
    broker.start()
    with (site / "gateway.log").open("w") as log:
        process = subprocess.Popen([*COMMAND, "run"], cwd=site, stderr=log)
    yield process
    process.kill()
    process.wait()


def wait_for(is_so, what):
    ends_s = monotonic() + WAIT_LIMIT_S
    while not is_so():
        assert monotonic() < ends_s, f"waited in vain until {what}"
        sleep(0.1)


def test_a_gateway_runs_tells_its_status_and_ends_when_asked(site, broker, running):
    wait_for(lambda: "is running, page at http://127.0.0.1:" in (site / "gateway.log").read_text(), "it runs")
    with Publisher("syr-darya", "uchkurgan", "uchkurgan-1", KEY, broker.port) as station:
        # Until the gateway has its subscription nothing is kept for it, so a station sends again.
        wait_for(lambda: station.publish(stage_batch(0, [500])) or station.has_receipts(7, 0, 0, 0.5), "a receipt")
        station.publish_bytes(b"not a message")
        wait_for(lambda: _status(site)["messages_refused"] == 1, "the bad message is counted")
    status = _status(site)
    assert (status["records_stored"], status["records_pending"], status["dead_letters_kept"]) == (1, 0, 1)
    (letter,) = json.loads(rivergauge(site, "deadletters", "list", "--json").stdout)
    assert letter["topic"] == "rg/1/syr-darya/uchkurgan/data"
    assert b"not a message".hex() in rivergauge(site, "deadletters", "show", str(letter["id"])).stdout
    (shown,) = json.loads(rivergauge(site, "deadletters", "show", str(letter["id"]), "--json").stdout)
    assert shown == {**letter, "payload": b"not a message".hex()}
    assert rivergauge(site, "deadletters", "drop", str(letter["id"])).returncode == 0
    assert json.loads(rivergauge(site, "deadletters", "list", "--json").stdout) == []
    basin = (site / "basin.toml").read_text()
    (site / "basin.toml").write_text(basin.replace("[basin]", "[basins]"))
    told = rivergauge(site, "status", "--json")
    assert json.loads(told.stdout)["records_stored"] == 1
    assert "basin.toml:" in told.stderr and "goes on with the basin file as it was" in told.stderr
    running.send_signal(signal.SIGTERM)
    assert running.wait(5) == 0


def _status(site):
    return json.loads(rivergauge(site, "status", "--json").stdout)


def test_check_says_what_is_well_what_is_not_and_what_to_do(site, broker):
    (site / "keys" / "syr-darya" / "akdzhar.key").unlink()
    finished = rivergauge(site, "check", "--json")
    rows = json.loads(finished.stdout)
    assert {row["checked"]: row["result"] for row in rows} == {
        "keys of akdzhar": "problem", "keys of kokbulak": "ok", "keys of uchkurgan": "ok", "disk": "ok",
        "journal": "ok", "store embedded": "ok", "gateway": "ok", "broker": "problem",
        "alerts": "ok", "clock": "warning",
    }  # fmt: skip
    assert [row["checked"] for row in rows if row["advice"]] == ["keys of akdzhar", "broker", "clock"]
    assert finished.returncode == 1
    write_key(site / "keys", "syr-darya", "akdzhar", "akdzhar-1", KEY)
    broker.start()
    finished = rivergauge(site, "check")
    assert finished.returncode == 0, finished.stdout
    assert finished.stdout.splitlines()[-1].endswith("checked: problems 0, warnings 3")
    assert "warning  broker strangers: anyone who reaches the broker may publish" in finished.stdout


def test_check_of_the_example_as_it_lies_in_the_checkout_is_clear(site):
    finished = subprocess.run(
        [*COMMAND, "check", "--config", DEPLOY / "gateway.toml"], capture_output=True, text=True, timeout=60
    )
    assert finished.returncode in (0, 1)
    assert "Traceback" not in finished.stdout + finished.stderr
    assert finished.stdout.splitlines()[-1].split()[1] == "checked:"


@pytest.mark.parametrize("command", [["run"], ["check"], ["status"], ["deadletters", "list"]])
def test_wrong_settings_end_every_command_with_every_mistake(site, broker, command):
    path = site / "gateway.toml"
    path.write_text(path.read_text().replace("[broker]", "[brocker]").replace("keys =", "kees ="))
    finished = rivergauge(site, *command)
    assert finished.returncode == 2
    assert "gateway.toml:7" in finished.stderr
    assert "brocker" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("command", [["status"], ["deadletters", "list"], ["deadletters", "replay", "1"]])
def test_before_the_first_run_there_is_no_journal_and_none_is_made(site, broker, command):
    finished = rivergauge(site, *command)
    assert finished.returncode == 1
    assert "rivergauge run" in finished.stderr
    assert not (site / "data").exists()


def test_a_number_that_is_no_dead_letter_is_told(site, broker, running):
    wait_for(lambda: (site / "data" / "journal.sqlite").exists() and _has_status(site), "the journal is there")
    finished = rivergauge(site, "deadletters", "drop", "99")
    assert finished.returncode == 1
    assert "no dead letter 99" in finished.stderr


# Root may read everything; without these two powers it may read what its modes allow.
AS_ANYBODY = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if os.geteuid() == 0 else []
)
ASKED_OF_A_RUN_GATEWAY = {
    "status": ["status"],
    "dead letters": ["deadletters", "list"],
    "alerts": ["alerts", "list"],
    "commands": ["station", "commands"],
    "observations": ["observations", "--station", "akdzhar"],
    "a bulletin": ["bulletin", "issue", "--from", "2026-01-01T00:00Z", "--to", "2026-01-02T00:00Z"],
}


@pytest.fixture
def has_run(site):
    """The site of a gateway that has run, without a broker."""
    (site / "gateway.toml").write_text((DEPLOY / "gateway.toml").read_text())
    for database in (Journal(site / "data" / "journal.sqlite"), EmbeddedStore(site / "data" / "observations.sqlite")):
        database.open()
        database.close()
    return site


@pytest.mark.parametrize("command", ASKED_OF_A_RUN_GATEWAY.values(), ids=ASKED_OF_A_RUN_GATEWAY)
def test_another_user_is_told_whose_files_they_are(has_run, command):
    for path in (has_run / "data").iterdir():
        path.chmod(0)
    finished = subprocess.run(
        [*AS_ANYBODY, *COMMAND, *command], cwd=has_run, capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 1
    assert "sqlite: belongs to another user; ask as the gateway's" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ASKED_OF_A_RUN_GATEWAY.values(), ids=ASKED_OF_A_RUN_GATEWAY)
def test_a_file_that_is_no_database_is_named(has_run, command):
    for path in (has_run / "data").iterdir():
        path.write_text("not a database, but long enough to be taken for one" * 100)
    finished = rivergauge(has_run, *command)
    assert finished.returncode == 1
    assert ".sqlite: file is not a database" in finished.stderr
    assert "`rivergauge check` looks at every file" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def _has_status(site):
    return rivergauge(site, "status").returncode == 0


def test_a_gateway_that_cannot_start_says_why(site, broker):
    (site / "data").write_text("a file where the folder should be")
    finished = rivergauge(site, "run")
    assert finished.returncode == 1
    assert finished.stderr.startswith("the gateway cannot start: data: File exists")
    assert "Traceback" not in finished.stderr
