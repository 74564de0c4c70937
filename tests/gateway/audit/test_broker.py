"""The audit of real brokers: a good one, and one with each mistake."""

import ssl
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from time import time

import pytest

from gateway.audit.probe import Probe
from gateway.mqtt import BrokerAddress
from gateway.settings import BrokerSettings, TlsSettings
from rivergauge.broker.certificates import Certificates
from rivergauge.servers import Mosquitto, free_port
from tests.fakes.publisher import stage_batch

# What holds for the open broker of the tests, on loopback.
OPEN = {
    "broker": "ok", "broker limits": "ok", "broker canary": "ok", "broker subscriptions": "ok", "broker rights": "ok",
    "broker queue": "ok", "broker encryption": "ok", "broker strangers": "warning", "broker persistence": "warning",
}  # fmt: skip


def of_broker(levels):
    return {what: level for what, level in levels.items() if what.startswith("broker")}


def test_an_open_broker_on_this_machine_works_and_its_openness_is_told(look, levels):
    found = look()
    assert of_broker(levels(found)) == OPEN
    assert "rg/1/test-basin/rivergauge-check/flag" in found["broker strangers"].detail
    assert "rivergauge broker config" in found["broker strangers"].advice
    assert found["broker canary"].detail.endswith(" ms")


MISTAKES = {
    "a queue of Mosquitto's default": (["max_queued_messages 1000"], {"broker queue": "problem"}, "kept 1000"),
    "no retained messages": (["retain_available false"], {"broker retained": "problem"}, "no retained messages"),
    "packets smaller than a message": (
        ["max_packet_size 1000"],
        {"broker packets": "problem"},
        "of 1000 bytes",
    ),
    "a narrow window": (["max_inflight_messages 20"], {"broker window": "warning"}, "20 messages"),
}


@pytest.mark.parametrize(("lines", "changed", "detail"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_setting_that_would_lose_or_delay_is_found(look, levels, part, tmp_path, lines, changed, detail):
    with Mosquitto(tmp_path / "other", part("mosquitto"), more_settings=tuple(lines)) as server:
        found = look(broker=BrokerSettings("127.0.0.1", server.port))
    assert of_broker(levels(found)) == OPEN | changed
    (what,) = changed
    assert detail in found[what].detail


def test_a_broker_without_acknowledgements_is_found_and_nothing_more_is_tried(look, levels, part, tmp_path):
    with Mosquitto(tmp_path / "other", part("mosquitto"), more_settings=("max_qos 0",)) as server:
        found = look(broker=BrokerSettings("127.0.0.1", server.port))
    assert found["broker QoS"].level.value == "problem"
    assert "broker canary" not in found


def test_rules_that_keep_the_gateway_out_are_found(look, levels, part, tmp_path):
    (tmp_path / "acl").write_text("topic write rg/1/test-basin/+/receipt\ntopic write rg/1/test-basin/+/command\n")
    with Mosquitto(tmp_path / "other", part("mosquitto"), more_settings=(f"acl_file {tmp_path / 'acl'}",)) as server:
        found = look(broker=BrokerSettings("127.0.0.1", server.port))
    assert found["broker rights"].level.value == "problem"
    assert "test-basin/rivergauge-check/flag" in found["broker rights"].detail
    assert "receipt" not in found["broker rights"].detail
    assert found["broker canary"].level.value == "problem"
    assert levels(found)["broker strangers"] == "ok", "they are admitted and may do nothing"


def test_a_way_that_others_can_read_is_found(look, part, tmp_path):
    port = free_port()
    with Mosquitto(tmp_path / "other", part("mosquitto"), more_settings=(f"listener {port} 127.0.0.2",)):
        found = look(broker=BrokerSettings("127.0.0.2", port))
    assert found["broker encryption"].level.value == "problem"
    assert found["broker strangers"].level.value == "problem"


def test_a_wrong_password_is_found(look, levels, part, tmp_path):
    passwords = tmp_path / "passwords"
    subprocess.run([part("mosquitto_passwd"), "-c", "-b", passwords, "gateway", "right"], check=True)
    password_file = tmp_path / "password"
    password_file.touch(0o600)
    more = ("allow_anonymous false", f"password_file {passwords}")
    with Mosquitto(tmp_path / "other", part("mosquitto"), more_settings=more) as server:
        found = {}
        for word in ("wrong", "right"):
            password_file.write_text(word)
            found[word] = look(broker=BrokerSettings("127.0.0.1", server.port, "gateway", password_file))
    assert (found["wrong"]["broker"].level.value, levels(found["right"])["broker"]) == ("problem", "ok")
    assert "Not authorized" in found["wrong"]["broker"].detail
    assert of_broker(levels(found["right"])) == OPEN | {"broker strangers": "ok"}


def test_a_broker_that_is_not_there_is_told_once(look, levels):
    found = look(broker=BrokerSettings("127.0.0.1", free_port()))
    assert of_broker(levels(found)) == {"broker": "problem"}
    assert "cannot be reached" in found["broker"].detail


def test_a_certificate_that_cannot_be_read_is_told(look, levels, tmp_path):
    found = look(broker=BrokerSettings("127.0.0.1", 1883, tls=TlsSettings(tmp_path / "none.crt")))
    assert of_broker(levels(found)) == {"broker": "problem"}
    assert "none.crt" in found["broker"].detail


@pytest.fixture
def certified(bench, secured):
    """The bench's gateway, with its certificate."""
    tls = TlsSettings(secured.folder / "ca.crt", *secured.client_files("gateway.gateway-1"))
    bench.settings = replace(bench.settings, broker=BrokerSettings("127.0.0.1", secured.port, tls=tls))
    return bench


def test_what_broker_config_makes_is_well(look, levels, certified):
    found = look()
    # All clients of a certificate have one session there, in which a queue cannot be tried.
    assert of_broker(levels(found)) == OPEN | {"broker strangers": "ok", "broker queue": "warning"}


def test_a_broker_of_another_authority_is_told_with_what_to_correct(look, levels, certified, tmp_path):
    stranger = Certificates(tmp_path, datetime.now(UTC))
    stranger.keep_authority("stranger")
    broker = certified.settings.broker
    found = look(broker=replace(broker, tls=replace(broker.tls, ca_file=tmp_path / "ca.crt")))
    assert found["broker"].level.value == "problem"
    assert "shows a certificate that is not believed" in found["broker"].detail
    assert "ca_file" in found["broker"].advice


def test_an_audit_leaves_a_gateway_that_runs_with_its_certificate_alone(look, levels, certified, secured):
    service = certified.start()
    found = look()
    assert of_broker(levels(found)) == {
        "broker": "warning", "broker encryption": "ok", "broker strangers": "ok", "broker persistence": "warning",
    }  # fmt: skip
    assert service.is_ready
    assert "already connected" not in secured.log_path.read_text()


def test_an_audit_takes_nothing_of_what_waits_for_a_gateway_that_is_stopped(look, levels, certified, secured, until):
    certified.stop(certified.start())
    files = secured.client_files("stations/upper")
    address = BrokerAddress("127.0.0.1", secured.port, tls=_context(secured, files))
    with certified.station("upper") as upper, Probe(address, "upper") as client:
        assert client.publish(upper.topic, [upper.sealed(stage_batch(0, [500]))])
    assert levels(look())["broker canary"] == "warning", "the session is the gateway's"
    service = certified.start()
    until(lambda: service.counts()["records_stored"] == 1, "what waited is stored")


def _context(secured, files):
    context = ssl.create_default_context(cafile=secured.folder / "ca.crt")
    context.load_cert_chain(*files)
    return context


YEAR_MS = 31_557_600_000
CERTIFICATES = ("certificate of the gateway", "certificate of the broker")


@pytest.mark.parametrize(
    ("years", "level", "told"),
    [(0, "ok", "ends in 365"), (9.95, "warning", "ends in 1"), (11, "problem", "days ago")],
    ids=["new", "soon over", "over"],
)
def test_how_long_certificates_serve_is_told(look, certified, years, level, told):
    now_ms = round(time() * 1000 + years * YEAR_MS)
    found = look(now_ms=lambda: now_ms)
    assert [(found[what].level.value, told in found[what].detail) for what in CERTIFICATES] == [(level, True)] * 2
    assert found["certificate of the authority"].level.value == "ok"
