"""The command line as a user runs it: what is printed, and the exit status."""

import csv
import io
import json
import os
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from typer.core import TyperGroup

from rivergauge.basin import load_basin
from rivergauge.cli import COMMANDS, _load
from tests.fakes.flood import fill_store

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DONE, FAILED, WRONG_USE = 0, 1, 2
RUN_LIMIT_S = 60
PERIOD = ["--from", "2018-08-30T00:00Z", "--to", "2018-08-31T12:00Z"]


def rivergauge(*arguments, cwd=None, **environment):
    """Run the command; a traceback is never an answer."""
    code = "import sys; from rivergauge.cli import main; sys.argv[0] = 'rivergauge'; main()"
    finished = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
    )
    assert "Traceback" not in finished.stderr
    return finished


@pytest.fixture(scope="module")
def gateway_folder(tmp_path_factory):
    """A folder as a gateway leaves it: gateway.toml, basin.toml, and a store with a day and a half of data."""
    folder = tmp_path_factory.mktemp("gateway")
    for name in ("basin.toml", "gateway.toml"):
        (folder / name).write_bytes((DEPLOY / name).read_bytes())
    fill_store(folder / "data" / "observations.sqlite", load_basin(folder / "basin.toml")).close()
    return folder


def processor_s_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_names_every_command_and_comes_at_once():
    before_s = processor_s_of_children()
    finished = rivergauge("--help")
    assert finished.returncode == DONE
    assert all(name in finished.stdout for name, _, _ in COMMANDS)
    # Processor time, since the machine may be busy; about 0.25 s, and several times that with every command imported.
    assert processor_s_of_children() - before_s < 0.6


@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS])
def test_every_command_explains_itself(name):
    finished = rivergauge(name, "--help")
    assert finished.returncode == DONE
    assert f"Usage: rivergauge {name}" in finished.stdout


def commands_of(name, command):
    """Yield every command that does something, by the words that call it."""
    if isinstance(command, TyperGroup):
        for word, inner in command.commands.items():
            yield from commands_of(f"{name} {word}", inner)
    else:
        yield name, command


@pytest.mark.parametrize(("name", "target"), [(name, target) for name, target, _ in COMMANDS])
def test_every_command_gives_an_example_and_options_of_its_own_only(name, target):
    for words, command in commands_of(name, _load(name, target)):
        assert f"Example: rivergauge {words}" in " ".join(command.help.split())
    assert "--install-completion" not in rivergauge(name, "--help").stdout


def test_the_version_is_that_of_the_package():
    finished = rivergauge("--version")
    assert (finished.returncode, finished.stdout.strip()) == (DONE, metadata.version("rivergauge"))


def test_a_file_that_cannot_be_written_is_told_with_its_path(tmp_path):
    (tmp_path / "basin.toml").write_bytes((DEPLOY / "basin.toml").read_bytes())
    (tmp_path / "basin.toml.new").mkdir()
    finished = rivergauge(
        *("station", "new", "--station", "kampyrravat", "--name", "K", "--river", "K", "--country", "UZ"),
        *("--latitude", "40", "--longitude", "73", "--gauge-zero", "620", "--height-system", "Baltic 1977"),
        *("--zero-distance", "9", "--warning-stage", "2", "--warning-source", "nobody"),
        cwd=tmp_path,
    )
    assert finished.returncode == FAILED
    assert finished.stderr.startswith("basin.toml.new: Is a directory")


def test_help_imports_no_subcommand():
    code = (
        "import sys, rivergauge.cli; heavy = ('paho', 'numpy', 'starlette', 'rich');"
        "print([name for name in heavy if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=RUN_LIMIT_S)
    assert finished.stdout.strip() == "[]"


def test_a_slip_in_a_command_is_wrong_use_with_a_suggestion():
    finished = rivergauge("bassin")
    assert finished.returncode == WRONG_USE
    assert "Did you mean 'basin'?" in finished.stderr


def test_a_right_basin_file_is_told_so():
    finished = rivergauge("basin", "check", DEPLOY / "basin.toml")
    assert finished.returncode == DONE
    assert "basin syr-darya with 3 station(s), no mistake found" in finished.stdout


def test_the_stations_of_a_basin_file_are_listed_down_the_river():
    stations = json.loads(rivergauge("basin", "check", DEPLOY / "basin.toml", "--json").stdout)
    assert [each["station"] for each in stations] == ["uchkurgan", "akdzhar", "kokbulak"]
    assert (stations[0]["country"], stations[0]["sensors"], stations[0]["rating"]) == ("KG", 1, "uchkurgan-example-1")


def test_a_letter_that_a_terminal_does_not_have_ends_nothing(tmp_path):
    text = (DEPLOY / "basin.toml").read_text().replace('en = "Akdzhar"', 'en = "Оқҷар"')
    (tmp_path / "basin.toml").write_text(text)
    finished = rivergauge("basin", "check", "basin.toml", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert finished.returncode == DONE
    assert "no mistake found" in finished.stdout


def test_a_wrong_basin_file_is_wrong_use_with_every_mistake_on_a_line(tmp_path):
    text = (DEPLOY / "basin.toml").read_text().replace("burst = 7", "burst = 0").replace('"syr-darya"', '"Syr Darya"')
    (tmp_path / "basin.toml").write_text(text)
    finished = rivergauge("basin", "check", "basin.toml", cwd=tmp_path)
    assert finished.returncode == WRONG_USE
    lines = finished.stderr.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith('basin.toml:9: basin.code: found "Syr Darya", expected 1 to 32 of a-z, 0-9 and -')
    assert finished.stdout == ""


def test_observations_are_a_table_for_people(gateway_folder):
    period = ["--from", "2018-08-30T17:30Z", "--to", "2018-08-30T17:45Z"]
    finished = rivergauge("observations", "--station", "uchkurgan", *period, cwd=gateway_folder)
    assert finished.returncode == DONE
    header, *rows = finished.stdout.splitlines()
    assert header.split()[:5] == ["observed_at", "sensor", "variable", "value", "quality"]
    assert ["2018-08-30T17:30:00Z", "1", "stage_m", "1.905", "1", "4000001", "71"] in [row.split() for row in rows]


def test_observations_are_the_same_in_csv_and_json(gateway_folder):
    command = ["observations", "--station", "akdzhar", *PERIOD]
    from_csv = list(csv.DictReader(io.StringIO(rivergauge(*command, "--csv", cwd=gateway_folder).stdout)))
    from_json = json.loads(rivergauge(*command, "--json", cwd=gateway_folder).stdout)
    assert len(from_json) == 138 * 3 + 136  # stage, count and battery of each record, discharge of each stage
    assert [row["variable"] for row in from_csv] == [row["variable"] for row in from_json]
    assert [row["record_no"] for row in from_csv] == [str(row["record_no"]) for row in from_json]
    missing = [row for row in from_json if row["variable"] == "stage_m" and row["value"] is None]
    assert [(row["quality"], row["null_reason"]) for row in missing] == [(9, 1), (9, 1)]


def test_a_time_of_another_zone_is_the_same_instant(gateway_folder):
    period = ["--from", "2018-08-30T05:00+05:00", "--to", "2018-08-30T05:15+05:00"]
    finished = rivergauge("observations", "--station", "uchkurgan", *period, "--json", cwd=gateway_folder)
    assert {row["observed_at"] for row in json.loads(finished.stdout)} == {"2018-08-30T00:00:00Z"}


def test_no_observations_are_said_in_words_and_an_empty_list(gateway_folder):
    command = ["observations", "--station", "uchkurgan", "--from", "2010-01-01T00:00Z", "--to", "2010-01-02T00:00Z"]
    assert "uchkurgan has no observations from 2010-01-01" in rivergauge(*command, cwd=gateway_folder).stdout
    assert json.loads(rivergauge(*command, "--json", cwd=gateway_folder).stdout) == []


WRONG = {
    "a station nobody knows": (["--station", "chinaz"], "expected one of akdzhar, kokbulak, uchkurgan"),
    "a time without a zone": (["--station", "akdzhar", "--from", "2018-08-30T11:00"], "2018-08-30T11:00Z if UTC"),
    "no time": (["--station", "akdzhar", "--to", "noon"], "expected a time such as 2018-08-30T00:00Z"),
    "an end before the beginning": (
        ["--station", "akdzhar", "--from", "2018-08-31T00:00Z", "--to", "2018-08-30T00:00Z"],
        "expected --from before --to",
    ),
    "two forms": (["--station", "akdzhar", "--csv", "--json"], "found both --json and --csv"),
    "no station": ([], "Missing option '--station'"),
    "no settings": (["--station", "akdzhar", "--config", "none.toml"], "none.toml: found No such file"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use_of_observations_ends_with_2_and_says_what_to_write(gateway_folder, arguments, message):
    finished = rivergauge("observations", *arguments, cwd=gateway_folder)
    assert finished.returncode == WRONG_USE
    # Errors are framed: drop the frame before reading.
    assert message in " ".join(finished.stderr.replace("│", " ").split())


def test_reading_before_the_gateway_ever_ran_fails_with_what_to_do(tmp_path):
    for name in ("basin.toml", "gateway.toml"):
        (tmp_path / name).write_bytes((DEPLOY / name).read_bytes())
    finished = rivergauge("observations", "--station", "akdzhar", cwd=tmp_path)
    assert finished.returncode == FAILED
    assert "expected one written by `rivergauge run --config gateway.toml`" in finished.stderr


def test_a_bulletin_is_issued_and_then_listed(gateway_folder, tmp_path):
    assert "No bulletin has been issued" in rivergauge("bulletin", "list", "--out", tmp_path, cwd=gateway_folder).stdout
    issued = rivergauge("bulletin", "issue", *PERIOD, "--out", tmp_path, "--json", cwd=gateway_folder)
    assert issued.returncode == DONE
    paths = json.loads(issued.stdout)
    document = json.loads(Path(paths["json"]).read_text())
    assert (document["from"], document["to"]) == ("2018-08-30T00:00:00Z", "2018-08-31T12:00:00Z")
    assert Path(paths["html"]).read_text().lstrip().startswith("<!doctype html>")
    (listed,) = json.loads(rivergauge("bulletin", "list", "--out", tmp_path, "--json", cwd=gateway_folder).stdout)
    assert listed["html"] == paths["html"]


def test_a_bulletin_goes_where_the_settings_say(gateway_folder):
    issued = rivergauge("bulletin", "issue", *PERIOD, cwd=gateway_folder)
    assert issued.returncode == DONE
    assert all(
        (gateway_folder / line).parent == gateway_folder / "data" / "bulletins" for line in issued.stdout.split()
    )


def test_a_bulletin_of_the_future_is_wrong_use(gateway_folder):
    finished = rivergauge(
        "bulletin", "issue", "--from", "2999-01-01T00:00Z", "--to", "2999-01-02T00:00Z", cwd=gateway_folder
    )
    assert finished.returncode == WRONG_USE
    assert "begins after the time of issue" in " ".join(finished.stderr.replace("│", " ").split())
