"""The gateway on a broker that admits nobody without a certificate."""

import logging
import ssl
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.service import Service
from gateway.settings import BrokerSettings, TlsSettings
from rivergauge.broker import BrokerFolder, write_broker_folder
from tests.fakes.publisher import NOW_MS, Publisher, stage_batch

FOREVER_MS = (0, 2**62)


@pytest.fixture
def settings(bench, secured):
    tls = TlsSettings(secured.folder / "ca.crt", *secured.client_files("gateway.gateway-1"))
    return replace(bench.settings, broker=BrokerSettings("127.0.0.1", secured.port, tls=tls))


def test_a_record_comes_from_a_certified_station_to_a_certified_gateway(bench, settings, secured, caplog, until):
    bench.settings = settings
    with caplog.at_level(logging.INFO):
        bench.start()
        until(lambda: f"broker 127.0.0.1:{secured.port}: subscribed" in caplog.text, "it is told")
    tls = ssl.create_default_context(cafile=secured.folder / "ca.crt")
    tls.load_cert_chain(*secured.client_files("stations/upper"))
    with Publisher("test-basin", "upper", "upper-1", bench.key("upper"), secured.port, tls) as upper:
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
    assert bench.store.count_records("upper", *FOREVER_MS) == 1


def test_a_broker_of_another_authority_is_told_by_what_is_wrong(bench, settings, caplog, until, tmp_path, basin):
    stranger = tmp_path / "stranger"
    write_broker_folder(
        basin, BrokerFolder(stranger, ("x",), ("gateway-1",), (), str(stranger), str(stranger)), datetime.now(UTC)
    )
    tls = replace(settings.broker.tls, ca_file=stranger / "ca.crt")
    service = Service(replace(settings, broker=replace(settings.broker, tls=tls)), bench.basin, lambda: NOW_MS)
    bench.services.append(service)
    with caplog.at_level(logging.WARNING):
        service.start()
        until(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text, "the reason is told")
    assert not service.is_ready


def test_a_broker_that_ends_the_connection_without_a_word_is_told_with_what_to_look_at(
    bench, settings, secured, caplog, until
):
    plain = replace(settings, broker=replace(settings.broker, tls=None))
    service = Service(plain, bench.basin, lambda: NOW_MS)
    bench.services.append(service)
    with caplog.at_level(logging.WARNING):
        service.start()
        until(lambda: "ends the connection without an answer" in caplog.text, "it is told")
    assert "TLS or none on this port" in caplog.text


UNUSABLE = {
    "no authority": ({"ca_file": "none.crt"}, r"none\.crt: .*expected certificates of authorities"),
    "an authority that is none": ({"ca_file": "garbage"}, r"garbage: .*expected certificates of authorities"),
    "a key of another": ({"key_file": "flags.key"}, r"flags\.key: .*expected a certificate and its key"),
}


@pytest.mark.parametrize(("changes", "message"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_file_that_cannot_be_used_is_named_at_the_start(bench, settings, secured, changes, message):
    (secured.folder / "garbage").write_text("garbage")
    tls = replace(settings.broker.tls, **{name: secured.folder / file for name, file in changes.items()})
    service = Service(replace(settings, broker=replace(settings.broker, tls=tls)), bench.basin, lambda: NOW_MS)
    with pytest.raises(OSError, match=message):
        service.start()
