"""A station's TLS against a real Mosquitto: what connects, what is refused and why, and that measuring goes on."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from firmware.virtual.host import Bench, Clock, count_records
from rivergauge.basin import station_configuration
from rivergauge.broker import BrokerFolder, Certificates, Listener, Name, write_broker_folder
from rivergauge.servers import Mosquitto, free_port
from rivergauge.station_access import station_access
from tests.firmware.virtual.small_applications import START_MS, rising_river
from tests.firmware.virtual.whole_station import BASIN, STATION, black_box, flash, gateway_at

HOUR_MS = 3_600_000
PASSWORD = "correct horse"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def certificates(path, hosts=("localhost",), now=None):
    """Write an authority, a server and a station of it, as `rivergauge broker config` does."""
    folder = BrokerFolder(path, hosts, ("gateway-1",), (Listener(1, is_tls=True),), str(path), str(path))
    write_broker_folder(BASIN, folder, now or datetime.now(UTC))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folder of the right certificates."""
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def broker_of(part, tmp_path):
    """Return start(folder): a Mosquitto for certificates, one for passwords, and a listener for the gateway's fake."""
    running = []

    def start(folder):
        passwords = tmp_path / "passwords"
        subprocess.run([part("mosquitto_passwd"), "-b", "-c", passwords, STATION, PASSWORD], check=True, timeout=30)
        ports = {"mutual": free_port(), "server": free_port()}
        tls = [f"cafile {folder}/ca.crt", f"certfile {folder}/server.crt", f"keyfile {folder}/server.key"]
        server = Mosquitto(
            tmp_path / "broker",
            part("mosquitto"),
            more_settings=(
                f"password_file {passwords}",
                f"listener {ports['mutual']} 127.0.0.1",
                *tls,
                "require_certificate true",
                "use_identity_as_username true",
                f"listener {ports['server']} 127.0.0.1",
                *tls,
            ),
        )
        server.start()
        running.append(server)
        gateway = gateway_at(server.port)
        running.append(gateway)
        return ports, gateway

    yield start
    for one in reversed(running):
        one.stop()


@pytest.fixture
def station_of(part, whole_firmware, tmp_path):
    """Return make(port, access): a bench and a virtual station with this access to a broker on the port."""
    benches = []

    def make(port, access):
        bench = Bench(Clock(START_MS - 60_000), part("micropython"), tmp_path / "stations")
        benches.append(bench)
        configuration = station_configuration(BASIN, STATION, {"host": "localhost", "port": port, **access.broker})
        station = bench.add_station(STATION, rising_river(), configuration["sensors"])
        flash(station, whole_firmware, configuration, access.files)
        return bench, station

    yield make
    for bench in benches:
        bench.close()


def run_an_hour(bench, station):
    station.start()
    bench.run_until(START_MS + HOUR_MS)


def with_password(folder, tmp_path, password):
    (tmp_path / "password").write_text(password + "\n")
    return station_access(STATION, folder, STATION, tmp_path / "password", None)


def test_a_station_that_shows_its_certificate_delivers_every_record(broker_of, station_of, made):
    ports, gateway = broker_of(made)
    bench, station = station_of(ports["mutual"], station_access(STATION, made, None, None, None))
    run_an_hour(bench, station)
    assert gateway.record_nos() == [1, 2, 3, 4]


def test_a_station_with_a_password_delivers_every_record(broker_of, station_of, made, tmp_path):
    ports, gateway = broker_of(made)
    bench, station = station_of(ports["server"], with_password(made, tmp_path, PASSWORD))
    run_an_hour(bench, station)
    assert gateway.record_nos() == [1, 2, 3, 4]


def expired(folder, tmp_path):
    """Return a copy of the folder whose server's certificate ended in the year 2010."""
    old = shutil.copytree(folder, tmp_path / "expired")
    for name in ("server.crt", "server.key"):
        (old / name).unlink()
    then = Certificates(old, LONG_AGO + timedelta(days=1))
    then.keep_authority("rivergauge")
    then.keep(Name("server", "localhost", ("localhost",)))
    return old


# name: (what the broker has, what the station has, the listener, what the black box says)
REFUSED = {
    "another authority": (
        lambda made, path: made,
        lambda made, path: station_access(STATION, certificates(path / "other"), None, None, None),
        "mutual",
        "not correctly signed by the trusted CA",
    ),
    "another host": (
        lambda made, path: certificates(path / "elsewhere", hosts=("gauges.example.org",)),
        lambda made, path: station_access(STATION, path / "elsewhere", None, None, None),
        "mutual",
        "does not match with the expected CN",
    ),
    "an expired certificate": (
        expired,
        lambda made, path: station_access(STATION, made, None, None, None),
        "mutual",
        "validity has expired",
    ),
    "a wrong password": (
        lambda made, path: made,
        lambda made, path: with_password(made, path, "wrong"),
        "server",
        "uplink: refused-5",
    ),
    "no certificate where one is asked for": (
        lambda made, path: made,
        lambda made, path: with_password(made, path, PASSWORD),
        "mutual",
        "tls: refused, error -0x",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_prove_itself_is_refused_with_the_reason_and_measuring_goes_on(
    broker_of, station_of, made, tmp_path, name
):
    of_broker, of_station, listener, reason = REFUSED[name]
    ports, gateway = broker_of(of_broker(made, tmp_path))
    bench, station = station_of(ports[listener], of_station(made, tmp_path))
    run_an_hour(bench, station)
    assert reason in black_box(station)
    assert gateway.record_nos() == []
    assert count_records(station.flash) == 4


def test_without_a_date_nothing_is_sent_and_the_reason_is_noted(broker_of, station_of, made):
    ports, gateway = broker_of(made)
    bench, station = station_of(ports["mutual"], station_access(STATION, made, None, None, None))
    station.utc_offset_ms = None
    run_an_hour(bench, station)
    assert "tls: no date yet to judge a certificate by" in black_box(station)
    assert gateway.births == [] and count_records(station.flash) >= 4
