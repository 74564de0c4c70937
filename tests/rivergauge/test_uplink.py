"""How a station reaches network and broker: the basin file's [station.uplink], and what the flasher adds to it."""

import json

import pytest

from firmware.flash import PlanError
from firmware.station.config import load
from rivergauge.basin import BasinError, load_basin, station_configuration
from rivergauge.station_access import station_access
from tests.conftest import PROJECT

EXAMPLE = PROJECT / "deploy" / "basin.toml"
BROKER = {"host": "gauges.example.org", "port": 8883}
MODEM = 'kind = "modem"\nport = 2\npower_switch = 2\napn = "internet.example"\n'


def written(folder, uplink):
    """Write the example with this [station.uplink] at its first station."""
    path = folder / "basin.toml"
    path.write_text(
        EXAMPLE.read_text().replace("\n[station.rating]", f"\n[station.uplink]\n{uplink}\n[station.rating]", 1)
    )
    return path


def configuration_of(folder, uplink, broker=BROKER, time_server=None):
    """Return what a station makes of it."""
    basin = load_basin(written(folder, uplink))
    (folder / "station.json").write_text(json.dumps(station_configuration(basin, "akdzhar", broker, time_server)))
    (folder / "key.bin").write_bytes(bytes(32))
    return load(str(folder))


def test_a_modem_with_its_limits_reaches_the_station(tmp_path):
    found = configuration_of(tmp_path, MODEM + 'bytes_per_day = 200_000\ntime_server = "time.example.org"')
    assert found.modem == (2, 2, "internet.example")
    assert (found.bytes_per_day, found.time_server) == (200_000, ("time.example.org", 123))


def test_wi_fi_needs_nothing_and_a_time_server_of_the_command_line_comes_first(tmp_path):
    given = {"host": "10.0.0.1", "port": 124}
    found = configuration_of(tmp_path, 'kind = "wifi"\ntime_server = "time.example.org:1123"', time_server=given)
    assert (found.modem, found.bytes_per_day, found.time_server) == (None, None, ("10.0.0.1", 124))
    assert load_basin(EXAMPLE).stations[0].uplink.kind == "wifi"


@pytest.mark.parametrize(
    ("uplink", "expected"),
    [
        pytest.param('kind = "carrier-pigeon"', "one of wifi, modem", id="unknown kind"),
        pytest.param('kind = "wifi"\napn = "x"', "unknown key apn", id="access point name without a modem"),
        pytest.param(MODEM.replace("port = 2", "port = 1"), "port 1 of sensor 1", id="port of a sensor"),
        pytest.param(MODEM.replace("switch = 2", "switch = 1"), "power switch 1 of sensor 1", id="supply of a sensor"),
        pytest.param(MODEM.replace("internet.example", 'a\\"'), "the access point name", id="quote in the name"),
        pytest.param('kind = "wifi"\nbytes_per_day = 999', "from 1000 to 1000000000 bytes", id="too few bytes"),
        pytest.param('kind = "wifi"\ntime_server = "time:99999"', "a port from 1 to 65535", id="port out of range"),
    ],
)
def test_a_wrong_uplink_is_told_with_its_line(tmp_path, uplink, expected):
    path = written(tmp_path, uplink)
    with pytest.raises(BasinError) as raised:
        load_basin(path)
    text = str(raised.value)
    assert expected in text and "basin.toml:" in text


def test_certificates_make_it_mutual_and_a_password_does_not(tmp_path):
    assert configuration_of(tmp_path, 'kind = "wifi"', {**BROKER, "tls": "mutual"}).broker_tls == "mutual"
    found = configuration_of(tmp_path, 'kind = "wifi"', {**BROKER, "tls": "server", "username": "u"})
    assert (found.broker_tls, found.broker_username) == ("server", "u")


def no_folder(path):
    return station_access("akdzhar", path / "absent", None, None, None)


def no_certificate(path):
    (path / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    return station_access("akdzhar", path, None, None, None)


def no_password(path):
    return station_access("akdzhar", None, "akdzhar", None, None)


def long_password(path):
    (path / "password").write_bytes(b"x" * 5000)
    return station_access("akdzhar", None, "akdzhar", path / "password", None)


def wrong_wifi(path):
    (path / "wifi.json").write_text('{"ssid": "gauge"}')
    return station_access("akdzhar", None, None, None, path / "wifi.json")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (no_folder, "ca.crt: No such file"),
        (no_certificate, "expected a certificate in PEM"),
        (no_password, "--username and --password-file go together"),
        (long_password, "/password.bin: found 5000 bytes, expected at most 4096"),
        (wrong_wifi, 'expected {"ssid": ..., "password": ...}'),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_missing_for_the_board_is_told_before_anything_is_written(tmp_path, made, expected):
    with pytest.raises(PlanError) as raised:
        made(tmp_path)
    assert expected in str(raised.value)


def test_wi_fi_settings_go_to_the_board_without_what_else_is_in_the_file(tmp_path):
    (tmp_path / "wifi.json").write_text('{"ssid": "gauge", "password": "p", "note": "attic"}')
    (file,) = station_access("akdzhar", None, None, None, tmp_path / "wifi.json").files
    assert file.path == "/network.json" and json.loads(file.data) == {"ssid": "gauge", "password": "p"}
