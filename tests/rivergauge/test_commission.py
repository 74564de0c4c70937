"""Commissioning a virtual station over its console: flashed, started, and listened to until a record is receipted."""

import threading

import pytest
from typer.testing import CliRunner

from firmware.flash import make_key
from firmware.virtual.host import Bench, Clock
from rivergauge.basin import load_basin, station_configuration
from rivergauge.servers import Mosquitto, free_port
from rivergauge.station import app
from tests.conftest import PROJECT
from tests.fakes.gateway import Gateway
from tests.firmware.virtual.small_applications import START_MS, rising_river

STATION = "uchkurgan"
SPEED = 60  # a minute of the river in a second
LONG_MS = 24 * 3_600_000


@pytest.fixture
def basin(tmp_path):
    """Return the example with a record every minute."""
    path = tmp_path / "basin.toml"
    text = (PROJECT / "deploy" / "basin.toml").read_text()
    path.write_text(text.replace("_every_s = 900", "_every_s = 60"))
    return path


@pytest.fixture
def station(part, tmp_path, basin):
    """Return a station held in its REPL, on a bench that runs."""
    described = load_basin(basin)
    sensors = station_configuration(described, STATION, {"host": "127.0.0.1", "port": 1})["sensors"]
    bench = Bench(Clock(START_MS + 1000, SPEED), part("micropython"), tmp_path / "stations")
    virtual = bench.add_station(STATION, rising_river(), sensors)
    virtual.hold_in_repl()
    # Held open, or the bench would be at its end before the station has begun.
    stop = threading.Event()
    runner = threading.Thread(target=bench.run_until, args=(START_MS + LONG_MS, stop))
    runner.start()
    yield virtual
    stop.set()
    runner.join()
    bench.close()


def commission(station, basin, tmp_path, broker_port):
    words = ["--station", STATION, "--basin", basin, "--keys", tmp_path / "keys", "--port", station.console_port]
    given = ["commission", *words, "--broker", f"127.0.0.1:{broker_port}"]
    return CliRunner().invoke(app, [str(word) for word in given])


def test_a_station_is_in_commission_when_its_first_record_has_a_receipt(part, station, basin, tmp_path):
    key = make_key(tmp_path / "keys", "syr-darya", STATION, "uchkurgan-1")
    with Mosquitto(tmp_path / "broker", part("mosquitto")) as broker:
        gateway = Gateway(broker.port, "syr-darya", STATION, b"uchkurgan-1", key)
        done = commission(station, basin, tmp_path, broker.port)
        gateway.stop()
    assert done.exit_code == 0, done.output
    assert "was measured, sent, and receipted by the gateway" in done.output
    assert "wake: next record" in done.output and gateway.record_nos()


def test_a_station_that_reaches_no_broker_says_so_and_is_not(station, basin, tmp_path, monkeypatch):
    monkeypatch.setattr("rivergauge.commission.START_S", -116)  # four seconds in place of four minutes
    done = commission(station, basin, tmp_path, free_port())
    assert done.exit_code == 1, done.output
    assert "listening until a record is receipted, for 1 min at most" in done.output
    assert "uplink: refused" in done.output and "no record was receipted" in done.output
    assert "whether the gateway has the station's key" in done.output


def test_a_monitor_shows_what_a_station_says(station, basin, tmp_path, monkeypatch):
    monkeypatch.setattr("rivergauge.commission.START_S", -118)
    commission(station, basin, tmp_path, free_port())
    shown = CliRunner().invoke(app, ["monitor", "--port", station.console_port, "--seconds", "3"])
    assert shown.exit_code == 0 and "wake: next record" in shown.stdout
    assert f"{station.console_port}: listening" in shown.stderr


def test_a_port_that_is_not_there_is_told_in_one_line():
    shown = CliRunner().invoke(app, ["monitor", "--port", "/dev/ttyNONE", "--seconds", "1"])
    assert shown.exit_code == 1 and "/dev/ttyNONE: could not open it" in shown.output
