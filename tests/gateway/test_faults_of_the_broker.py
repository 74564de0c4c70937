"""Broker killed, restarted with and without its persistence, session lost: nothing that is sent again is lost."""

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.fakes.publisher import stage_batch
from tests.gateway.accounting import assert_embedded_has, names


def stop(bench, service, until):
    bench.mosquitto.stop()
    bench.mosquitto.start()


def kill(bench, service, until):
    bench.mosquitto.kill()
    bench.mosquitto.start()


def kill_and_forget(bench, service, until):
    bench.mosquitto.kill()
    (bench.folder / "mosquitto" / "mosquitto.db").unlink(missing_ok=True)
    bench.mosquitto.start()


def take_the_session(bench, service, until):
    """Be the gateway for a moment, without its session, as a copied configuration would be."""
    thief = paho.Client(CallbackAPIVersion.VERSION2, "rivergauge-gateway-1", clean_session=True)
    thief.connect("127.0.0.1", bench.mosquitto.port)
    thief.loop_start()
    until(thief.is_connected, "the session is taken")
    until(lambda: not service.is_ready, "the gateway has lost its connection")
    thief.disconnect()
    thief.loop_stop()


FAULTS = {
    "broker restarted": stop,
    "broker killed, restarted with its persistence": kill,
    "broker killed, restarted without its persistence": kill_and_forget,
    "session lost": take_the_session,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_a_station_sends_again_is_stored_once_after(bench, until, fault):
    service = bench.start()
    with bench.station("upper") as upper:
        for record_no in range(20):
            upper.publish(stage_batch(record_no, [500]))
        fault(bench, service, until)
        until(lambda: service.is_ready, "the gateway has its subscriptions again")
        # What a station does that has no receipt: it sends the records again on its new connection.
        unreceipted = [number for number in range(20) if (7, number) not in upper.receipted]
        for record_no in [*unreceipted, *range(20, 40)]:
            upper.publish(stage_batch(record_no, [500]))
        assert upper.has_receipts(7, 20, 39)
        until(service.is_idle, "the gateway is idle")
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(40)), service.counts())


def test_messages_that_wait_at_the_broker_come_when_the_gateway_does(bench, until):
    bench.stop(bench.start())
    with bench.station("upper") as upper:
        for record_no in range(20):
            upper.publish(stage_batch(record_no, [500]))
        service = bench.start()
        assert upper.has_receipts(7, 0, 19)
        until(service.is_idle, "the gateway is idle")
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(20)), service.counts())
