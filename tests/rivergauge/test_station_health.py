"""`rivergauge station health`, as typed; what a real station tells is in tests/firmware/station/test_reports.py."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.entries import Report
from gateway.journal import Journal
from gateway.settings import load_settings
from protocol.messages import Event, encode_event
from rivergauge.station import app
from tests.fakes.publisher import START_MS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture
def config(tmp_path):
    """The settings of a gateway that heard of one station."""
    for name in ("basin.toml", "gateway.toml"):
        (tmp_path / name).write_text((DEPLOY / name).read_text())
    path = tmp_path / "gateway.toml"
    journal = Journal(load_settings(path).journal)
    journal.open()
    with journal.transaction() as transaction:
        for number, (name, detail, facts) in enumerate(
            [
                ("black-box", "ValueError: loose wire", {}),
                ("health", "", {"watchdog_resets": 0}),
                ("health", "", {"watchdog_resets": 1, "sensor_faults": "1:14/0"}),
                ("asleep", "", {}),
            ]
        ):
            event = encode_event(Event(1, number + 1, START_MS, name, detail, facts))
            at_ms = START_MS + number * 1000
            assert transaction.add_report(Report("uchkurgan", "event", 1, number + 1, at_ms, event))
    journal.close()
    return path


def run(config, *words, expect=0):
    done = CliRunner().invoke(app, ["health", *words, "--config", str(config)])
    assert done.exit_code == expect, done.output
    return done.output


def test_the_last_report_is_shown_with_the_last_black_box(config):
    rows = {row["name"]: row["value"] for row in json.loads(run(config, "uchkurgan", "--json"))}
    assert rows == {
        "received_at": "2018-08-30T00:00:02Z",
        "watchdog_resets": 1,
        "sensor_faults": "1:14/0",
        "black_box_received_at": "2018-08-30T00:00:00Z",
        "black_box": "ValueError: loose wire",
    }


def test_a_station_that_told_nothing_is_said_to_have_told_nothing(config):
    assert "akdzhar: no report of health yet" in run(config, "akdzhar", expect=1)
