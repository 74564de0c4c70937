"""The folder that `rivergauge broker config` writes, and what a second run leaves alone."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from rivergauge.basin import load_basin
from rivergauge.broker import BrokerFolder, Listener, access_rules, mosquitto_settings, write_broker_folder
from rivergauge.broker.command import app
from rivergauge.cli import main

ROOT = Path(__file__).resolve().parents[3]
BASIN_FILE = ROOT / "tests" / "gateway" / "basin.toml"
NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def basin():
    return load_basin(BASIN_FILE)


@pytest.fixture
def write(tmp_path, basin):
    def write_folder(now=NOW, **changes):
        asked = {
            "path": tmp_path, "hosts": ("gauges.example.org",), "gateways": ("gateway-1",),
            "listeners": (Listener(8883, is_tls=True),), "installed_as": "/etc/mosquitto/rivergauge",
            "state_folder": "/var/lib/mosquitto",
        } | changes  # fmt: skip
        return write_broker_folder(basin, BrokerFolder(**asked), now)

    return write_folder


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


EVERYONE = ["gauges.example.org", "gateway.gateway-1", "flags", "test-basin.upper", "test-basin.lower"]


def test_everyone_is_given_a_certificate_once(write, tmp_path):
    assert sorted(write()) == sorted(EVERYONE)
    before = contents(tmp_path)
    assert write() == []
    assert contents(tmp_path) == before


def test_keys_can_be_read_by_their_owner_alone(write, tmp_path):
    write()
    keys = list(tmp_path.rglob("*.key"))
    assert len(keys) == len(EVERYONE) + 1  # and the authority's
    assert {stat.S_IMODE(path.stat().st_mode) for path in [*keys, tmp_path / "acl"]} == {0o600}


def test_a_lost_certificate_is_given_again_for_the_same_key(write, tmp_path):
    write()
    key = (tmp_path / "stations" / "upper.key").read_bytes()
    (tmp_path / "stations" / "upper.crt").unlink()
    assert write() == ["test-basin.upper"]
    assert (tmp_path / "stations" / "upper.key").read_bytes() == key


RENEWED = {
    "a year before its end": ({"now": NOW + timedelta(days=9 * 366)}, sorted(EVERYONE)),
    "not before": ({"now": NOW + timedelta(days=8 * 365)}, []),
    "when the server is reached by another name": ({"hosts": ("10.0.0.5",)}, ["10.0.0.5"]),
    "when a gateway joins": ({"gateways": ("gateway-1", "gateway-2")}, ["gateway.gateway-2"]),
}


@pytest.mark.parametrize(("changes", "given"), RENEWED.values(), ids=RENEWED.keys())
def test_a_certificate_is_given_anew(write, changes, given):
    write()
    assert sorted(write(**changes)) == given


def test_a_new_authority_gives_all_certificates_anew(write, tmp_path):
    write()
    for name in ("ca.key", "ca.crt"):
        (tmp_path / name).unlink()
    assert sorted(write()) == sorted(EVERYONE)


def test_the_server_is_named_by_every_host_and_a_client_by_none(write, tmp_path):
    write(hosts=("gauges.example.org", "10.0.0.5"))
    server = x509.load_pem_x509_certificate((tmp_path / "server.crt").read_bytes())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gauges.example.org"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.5"]
    client = x509.load_pem_x509_certificate((tmp_path / "flags.crt").read_bytes())
    with pytest.raises(x509.ExtensionNotFound):
        client.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_the_rules_name_the_topics_of_a_station_one_by_one(basin):
    rules = access_rules(basin, ["gateway-1"])
    block = next(part for part in rules.split("\n\n") if part.startswith("user test-basin.upper"))
    assert block.splitlines()[1:] == [
        *(
            f"topic write rg/1/test-basin/upper/{leaf}"
            for leaf in ("data", "birth", "event", "reply", "online", "senml")
        ),
        *(f"topic read rg/1/test-basin/upper/{leaf}" for leaf in ("receipt", "command")),
        "topic read rg/1/gateway/gateway-1/state",
    ]


def test_nothing_is_allowed_to_the_anonymous_unless_there_is_a_plain_listener(basin):
    tls, plain = Listener(8883, is_tls=True), Listener(1883, is_tls=False, address="10.0.0.5")
    assert "allow_anonymous false" in mosquitto_settings([tls], "/etc/x", "/var/x")
    assert "allow_anonymous true" in mosquitto_settings([tls, plain], "/etc/x", "/var/x")
    assert access_rules(basin, ["gateway-1"]).splitlines()[2].startswith("user ")


def test_the_examples_in_deploy_are_what_the_command_writes(tmp_path, monkeypatch):
    options = ["--out", str(tmp_path), "--installed-as", "/etc/mosquitto/rivergauge", "--host", "gauges.example.org"]
    command = ["rivergauge", "broker", "config", "--basin", str(ROOT / "deploy" / "basin.toml"), *options]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    for name in ("mosquitto.conf", "acl"):
        assert (ROOT / "deploy" / name).read_text() == (tmp_path / name).read_text()


@pytest.mark.parametrize("host", ["a b", "gauges.example.org:8883", "-a", "a..b", "https://a", "Сырдарья.kz", ""])
def test_a_host_that_no_certificate_can_name_is_wrong_use(tmp_path, host):
    words = ["config", "--basin", str(BASIN_FILE), "--out", str(tmp_path / "broker"), "--host", host]
    ended = CliRunner().invoke(app, words)
    assert ended.exit_code == 2 and "--host" in ended.output
    assert not (tmp_path / "broker").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    ended = CliRunner().invoke(app, ["config", "--basin", str(BASIN_FILE), "--out", str(tmp_path / "file")])
    assert (ended.exit_code, ended.output) == (1, f"{tmp_path}/file: File exists\n")


def test_a_key_that_is_not_ours_is_named(write, tmp_path):
    (tmp_path / "server.key").write_text("no key")
    with pytest.raises(ValueError, match=r"server\.key"):
        write()
