"""A simulated station whose broker, time server, flash and sensor fail, accounted for by the command that runs it."""

import json

import pytest
from typer.testing import CliRunner

from hil_tests.scenario import PROJECT
from rivergauge.simulated_faults import FAULTS
from rivergauge.station import app

BASIN = str(PROJECT / "deploy" / "basin.toml")


def simulate(*options):
    return CliRunner().invoke(app, ["simulate", "--basin", BASIN, "--station", "uchkurgan", "--json", *options])


@pytest.fixture(autouse=True)
def _parts(part):
    part("mosquitto")
    part("micropython")


def test_no_scheduled_record_is_missing_whatever_fails():
    done = simulate("--days", "1.5", "--faults", "all")
    assert done.exit_code == 0, done.output
    assert "day 1 of 1.5 is simulated" in done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["scheduled"] == summary["recorded"] == summary["sent"] == 144
    assert summary["missing"] == summary["stored_twice"] == 0
    assert summary["faults"] >= len(FAULTS)
    assert summary["power_cuts"] >= 4
    # The sensor's cable is out for four hours and then six; a power cut may cost the instant that it falls on.
    assert 40 <= summary["without_stage"] <= 41 + summary["power_cuts"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--faults", "weather"), "none, all, or some of broker,time,flash,sensor"),
        (("--days", "0.1", "--faults", "all"), "at least 1"),
    ],
    ids=["an unknown fault", "too short for a fault"],
)
def test_what_cannot_be_simulated_is_refused(options, expected):
    done = simulate(*options)
    assert done.exit_code == 2
    assert expected in " ".join(done.stderr.replace("│", " ").split())
