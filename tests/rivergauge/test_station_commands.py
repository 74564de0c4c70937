"""`rivergauge station command` and `commands`, as typed; and a command that a real station carries out."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest
from typer.testing import CliRunner

from firmware.virtual.host import synthetic_flood
from gateway.commanding.entries import CARRIED_OUT, RECEIVED, REFUSED, GivenCommand
from gateway.entries import Report
from gateway.journal import Journal
from gateway.settings import load_settings
from gateway.stores.embedded import EmbeddedStore
from protocol.messages import Event, decode_event, encode_event
from rivergauge.basin import load_basin, station_configuration
from rivergauge.command_words import parse_command
from rivergauge.rig import Rig
from rivergauge.station import app
from tests.fakes.publisher import START_MS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
HOUR_MS = 3_600_000
SENDING_LIMIT_S = 30


@pytest.fixture
def config(tmp_path):
    """The settings of a gateway that has run once."""
    for name in ("basin.toml", "gateway.toml"):
        (tmp_path / name).write_text((DEPLOY / name).read_text())
    path = tmp_path / "gateway.toml"
    journal = Journal(load_settings(path).journal)
    journal.open()
    journal.close()
    return path


def run(config, *words, expect=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    assert done.exit_code == expect, done.output
    return " ".join(done.output.replace("│", " ").split())


def test_a_command_is_given_and_listed(config):
    words = ["uchkurgan", "set-interval", "send_every_s=900", "record_every_s=300"]
    number = json.loads(run(config, "command", *words, "--expires-in", "2h", "--json"))["command_nos"][0]
    assert f"command {number + 1} to akdzhar: reboot" in run(config, "command", "akdzhar", "reboot")
    first, second = json.loads(run(config, "commands", "--json"))
    assert (first["command_no"], first["station"], first["name"]) == (number, "uchkurgan", "set-interval")
    assert (first["arguments"], first["state"]) == ("record_every_s=300 send_every_s=900", "waiting")
    assert (second["station"], second["sent_at"], second["facts"]) == ("akdzhar", None, None)
    assert json.loads(run(config, "commands", "uchkurgan", "--json")) == [first]


@pytest.mark.parametrize("listing", ["commands", "events", "health"])
def test_a_station_that_is_not_in_the_basin_file_is_wrong_use(config, listing):
    assert "expected one of akdzhar, kokbulak, uchkurgan" in run(config, listing, "uchkurgen", expect=2)


def test_a_configuration_goes_in_parts_as_the_flasher_would_write_it_and_without_secrets(config):
    words = ["broker=gauges.example.org:8883", "tls=mutual", "time_server=time.example.org:123"]
    numbers = json.loads(run(config, "command", "kokbulak", "new-configuration", *words, "--json"))["command_nos"]
    listed = json.loads(run(config, "commands", "--json"))
    assert [row["command_no"] for row in listed] == numbers
    assert listed[0]["arguments"].startswith(f"part=1 parts={len(numbers)} sha256=")
    text = text_of(config)
    broker = {"host": "gauges.example.org", "port": 8883, "tls": "mutual"}
    time_server = {"host": "time.example.org", "port": 123}
    assert json.loads(text) == station_configuration(load_basin(DEPLOY / "basin.toml"), "kokbulak", broker, time_server)
    assert text.isascii()


def test_a_rating_goes_with_the_number_of_its_configuration(config):
    run(config, "command", "kokbulak", "new-rating")
    station = load_basin(DEPLOY / "basin.toml").station("kokbulak")
    said = json.loads(text_of(config))
    assert said["configuration_no"] == station.configuration_no
    assert said["rating"]["stages_m"] == list(station.rating.stages_m)
    assert set(said["rating"]) == {"id", "interpolation", "stages_m", "discharges_m3_s"}


def text_of(config):
    """Return the text that the commands carry together, its hash checked."""
    journal = Journal(load_settings(config).journal)
    journal.open()
    parts = [each.arguments for each in journal.commands.unsent(0)]
    journal.close()
    assert [each["part"] for each in parts] == list(range(1, len(parts) + 1))
    text = "".join(each["text"] for each in parts)
    assert {each["sha256"] for each in parts} == {hashlib.sha256(text.encode()).hexdigest()}
    return text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "reboot"], "found 'nowhere', expected one of akdzhar, kokbulak, uchkurgan"),
        (["akdzhar", "dance"], "found 'dance', expected one of maintenance"),
        (["akdzhar", "reboot", "now=1"], "found now; reboot takes no arguments"),
        (["akdzhar", "maintenance"], "on: found nothing, expected 0 to 1"),
        (["akdzhar", "maintenance", "on=yes"], "on: found 'yes', expected 0 to 1"),
        (["akdzhar", "set-interval", "record_every_s=0", "send_every_s=900"], "record_every_s: found '0'"),
        (["akdzhar", "set-interval", "record_every_s=7", "send_every_s=900"], "divides a day (86400 s)"),
        (["akdzhar", "set-interval", "record_every_s=300", "send_every_s=400"], "and send_every_s, such as 300"),
        (["akdzhar", "send-range", "first=5", "last=1"], "found first=5 last=1, expected first not above last"),
        (["akdzhar", "set-interval", "every=5"], "found every; set-interval takes record_every_s=..."),
        (["akdzhar", "new-configuration"], "broker: found nothing, expected HOST:PORT"),
        (["akdzhar", "new-configuration", "broker=h:1", "tls=yes"], "tls: found 'yes', expected mutual"),
        (["akdzhar", "reboot", "--expires-in", "soon"], "found 'soon', expected a whole number of s, m, h, d"),
    ],
    ids=[
        "no such station", "no such command", "an argument too many", "one missing", "no number", "out of bounds",
        "no divisor of a day", "no multiple", "a range that ends before it begins",
        "a slip", "no broker", "no such TLS", "no duration",
    ],
)  # fmt: skip
def test_wrong_use_is_told_and_gives_no_command(config, words, said):
    assert said in run(config, "command", *words, expect=2)
    assert run(config, "commands") == "no commands given"


@pytest.fixture
def rig(tmp_path, part):
    """One real station, flashed and an hour old, at a real broker and gateway."""
    for name in ("micropython", "mosquitto"):
        part(name)
    basin = load_basin(DEPLOY / "basin.toml")
    basin = replace(basin, stations=(replace(basin.stations[0], upstream=()),))
    with Rig(tmp_path, basin, {basin.stations[0].id: synthetic_flood(START_MS)}, START_MS) as rig:
        rig.flash()
        rig.run_until(START_MS + HOUR_MS)
        yield rig


def give(rig, *commands):
    """Give (name, arguments) to the rig's station, and wait until they are sent: bench time stands still meanwhile."""
    journal, now_ms = rig.service.journal, rig.clock.now_ms()
    with journal.transaction() as transaction:
        for name, arguments in commands:
            given = GivenCommand(rig.basin.stations[0].id, name, arguments, now_ms, now_ms + 6 * HOUR_MS)
            transaction.commands.give(given)
    ends_s = monotonic() + SENDING_LIMIT_S
    while journal.commands.unsent(now_ms):
        assert monotonic() < ends_s, "the commands were not sent"
        sleep(0.05)


def told(rig):
    return rig.service.journal.commands.told("rig", rig.basin.stations[0].id)


def stages_of(rig, from_hours, to_hours):
    station = rig.basin.stations[0].id
    times_ms = START_MS + from_hours * HOUR_MS, START_MS + to_hours * HOUR_MS
    observations = EmbeddedStore(rig.observations).read_observations(station, *times_ms)
    return [each for each in observations if each.variable == "stage_m"]


def test_a_station_carries_out_what_it_is_told_and_says_so(rig):
    give(
        rig,
        ("set-interval", {"record_every_s": 1800, "send_every_s": 3600}),
        ("report-health", {}),
        ("send-range", {"first": 1, "last": 2}),
    )
    rig.run_until(START_MS + 4 * HOUR_MS + 60_000)
    assert [each.state(rig.clock.now_ms()) for each in told(rig)] == [CARRIED_OUT] * 3
    _, health, again = told(rig)
    assert health.reply.facts["next_record_no"] > 0
    assert again.reply.facts == {"held": 2, "not_held": 0}
    assert rig.service.counts()["records_duplicate"] == 2, "both came again, and were known"
    measured = [each.observed_at_ms - START_MS for each in stages_of(rig, 3, 4)]
    assert measured == [3 * HOUR_MS, 3 * HOUR_MS + HOUR_MS // 2]


def test_a_station_goes_on_with_the_configuration_that_it_is_sent(rig, monkeypatch):
    monkeypatch.setattr("protocol.text_parts.PART_LIMIT", 300)  # this configuration would go in one
    station = rig.basin.stations[0]
    sampling = replace(station.sampling, record_every_s=1800, send_every_s=1800)
    changed = replace(rig.basin, stations=(replace(station, configuration_no=2, sampling=sampling),))
    words = [f"broker=127.0.0.1:{rig.broker.port}", f"time_server=127.0.0.1:{rig.time_server.port}"]
    parts = parse_command(changed, station.id, "new-configuration", words)
    assert len(parts) > 1
    give(rig, *[("new-configuration", part) for part in parts], ("new-rating", {"part": 1}))
    rig.run_until(START_MS + 4 * HOUR_MS + 60_000)
    *configuring, rating = [each.state(rig.clock.now_ms()) for each in told(rig)]
    assert configuring == [RECEIVED] * (len(parts) - 1) + [CARRIED_OUT]
    assert rating == REFUSED, "a part of no whole"
    stages = stages_of(rig, 3, 4)
    assert [each.observed_at_ms - START_MS for each in stages] == [3 * HOUR_MS, 3 * HOUR_MS + HOUR_MS // 2]
    assert {each.configuration_no for each in stages} == {2}
    events = [decode_event(each.payload) for each in rig.service.journal.reports("event", station.id)]
    kept = [(each.name, each.facts) for each in events if each.name.startswith("configuration")]
    assert kept == [("configuration-kept", {"configuration_no": 2})]


def test_events_are_listed_in_the_order_they_were_told(config):
    events = [
        ("uchkurgan", 1, Event(3, 1, START_MS, "refused", "unknown-version", {"first": 4, "last": 9})),
        ("akdzhar", 2, Event(1, 5, None, "configuration-kept", "", {"configuration_no": 2})),
    ]
    journal = Journal(load_settings(config).journal)
    journal.open()
    with journal.transaction() as transaction:
        for station, seconds, event in events:
            at_ms = START_MS + seconds * 1000
            report = Report(station, "event", event.boot_no, event.message_no, at_ms, encode_event(event))
            assert transaction.add_report(report)
    journal.close()
    first, second = json.loads(run(config, "events", "--json"))
    assert first == {
        "station": "uchkurgan", "happened_at": "2018-08-30T00:00:00Z", "received_at": "2018-08-30T00:00:01Z",
        "name": "refused", "detail": "unknown-version", "facts": "first=4 last=9", "boot_no": 3, "message_no": 1,
    }  # fmt: skip
    assert (second["station"], second["happened_at"]) == ("akdzhar", None)
    assert json.loads(run(config, "events", "akdzhar", "--json")) == [second]
    assert run(config, "events", "kokbulak") == "no events told"
