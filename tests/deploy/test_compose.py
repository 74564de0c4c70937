"""compose.yaml and what it mounts fit together; no Docker engine is asked."""

import json
import re
from pathlib import Path

import pytest
import yaml

from gateway.deliveries import DISCHARGE
from gateway.observations import Flag
from gateway.settings import InfluxSettings, load_settings
from gateway.stores.line_protocol import lines_of
from gateway.stores.store import Delivery
from protocol.variables import code_of

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
# What the user makes, as docs/operation.md says; all else that is mounted is in the project.
MADE_BY_THE_USER = ("./compose/broker", "./compose/keys", "./compose/secrets/")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def settings():
    return load_settings(DEPLOY / "compose" / "gateway.toml")


def mounts(compose):
    """Yield (service, source, target) of every volume."""
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            yield name, source, target


def test_every_mounted_file_and_every_volume_is_there(compose):
    for service, source, _ in mounts(compose):
        if not source.startswith("."):
            assert source in compose["volumes"], service
        elif not source.startswith(MADE_BY_THE_USER):
            assert (DEPLOY / source).exists(), f"{service}: {source}"


def test_every_secret_is_declared_and_read_from_a_file_outside_git(compose):
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
    ignored = (DEPLOY / "compose" / ".gitignore").read_text().split()
    assert {"/secrets/", "/keys/", "/broker/"} <= set(ignored)
    assert all(secret["file"].startswith("./compose/secrets/") for secret in compose["secrets"].values())


def test_only_the_tls_port_of_the_broker_is_open_to_others(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["8883:8883"]


def test_the_gateway_finds_what_its_settings_name(compose, settings):
    targets = {target for service, _, target in mounts(compose) if service == "gateway"}
    folder = Path("/etc/rivergauge")
    named = [settings.basin, settings.keys, settings.broker.tls.ca_file]
    assert all(
        any((folder / path.relative_to(DEPLOY / "compose")).is_relative_to(target) for target in targets)
        for path in named
    )
    secrets = {Path("/run/secrets") / name for name in compose["services"]["gateway"]["secrets"]}
    influxdb = next(store for store in settings.stores if isinstance(store, InfluxSettings))
    assert {influxdb.secret_file, settings.web.token_file} == secrets
    assert settings.journal.is_relative_to("/var/lib/rivergauge")


def test_gateway_influxdb_and_grafana_speak_of_one_bucket(compose, settings):
    influxdb = next(store for store in settings.stores if isinstance(store, InfluxSettings))
    setup = compose["services"]["influxdb"]["environment"]
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/influxdb.yaml").read_text())["datasources"][0]
    assert influxdb.organisation == setup["DOCKER_INFLUXDB_INIT_ORG"] == source["jsonData"]["organization"]
    assert influxdb.database == setup["DOCKER_INFLUXDB_INIT_BUCKET"] == source["jsonData"]["defaultBucket"]
    assert influxdb.url == source["url"]


@pytest.fixture(scope="module")
def dashboard():
    return json.loads((DEPLOY / "grafana/dashboards/basin.json").read_text())


def test_every_panel_has_a_place_of_its_own_and_the_provisioned_source(dashboard):
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/influxdb.yaml").read_text())["datasources"][0]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in dashboard["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}


def test_every_panel_asks_for_what_the_gateway_writes(dashboard):
    for panel in dashboard["panels"]:
        text = panel["targets"][0]["query"]
        (measurement,) = re.findall(r'r\._measurement == "(\w+)"', text)
        fields = set(re.findall(r'r\._field == "(\w+)"', text))
        assert fields
        assert fields <= WRITTEN[measurement](), panel["title"]


def test_compose_and_example_name_the_same_gateway_as_the_access_rules(settings):
    assert f"user gateway.{settings.name}\n" in (DEPLOY / "acl").read_text()
    assert load_settings(DEPLOY / "gateway.toml").name == settings.name


def known_variables():
    names = {"stage_m", "battery_v", "distance_m"}
    assert all(code_of(name) for name in names)
    return names


def revision_fields():
    return {DISCHARGE}


def flag_fields():
    flag = Flag("b", "s", "watch", "level", "stage_m", "above", "raised", 1, 2, None, 1.5, 3, 1.0, 0.8, "us")
    (line,) = lines_of(Delivery(1, "b", "s", 0, flag=flag))
    return set(re.findall(r"(\w+)=", line.text.split(" ")[1]))


WRITTEN = {"observation": known_variables, "revision": revision_fields, "flag": flag_fields}
