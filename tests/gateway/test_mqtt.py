"""The link to a real broker: order, acknowledgements, and connections that end."""

import socket
import threading
from contextlib import ExitStack
from time import sleep

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

import gateway.mqtt
from gateway.mqtt import WAITING_BYTES_LIMIT, WAITING_LIMIT, Arrival, BrokerAddress, Link, Publication
from gateway.mqtt_client import READ_BYTES

TOPIC = "rg/1/test-basin/+/data"
HERE = "rg/1/test-basin/upper/data"


@pytest.fixture
def make_link(mosquitto):
    links = []

    def make(topics=(TOPIC,)):
        arrived = threading.Event()
        link = Link(
            BrokerAddress("127.0.0.1", mosquitto.port), "rivergauge-link", topics, Publication("state", b"gone", True),
            now_ms=lambda: 0, on_arrival=arrived.set, on_connected=lambda: None,
        )  # fmt: skip
        links.append(link)
        link.start()
        return link

    yield make
    for link in links:
        link.stop()


@pytest.fixture
def send(mosquitto):
    client = paho.Client(CallbackAPIVersion.VERSION2, "sender", clean_session=False)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()

    def publish(*payloads):
        for payload in payloads:
            client.publish(HERE, payload, qos=1).wait_for_publish(10)

    yield publish
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def take(until):
    def take_all(link, count):
        taken = []
        until(lambda: taken.extend(link.take(100)) or len(taken) >= count, f"{count} messages have come")
        return taken

    return take_all


def payloads(arrivals):
    return [arrival.payload for arrival in arrivals]


def test_messages_come_in_order_and_unacknowledged_ones_come_again_on_the_next_connection(make_link, send, take, until):
    first = make_link()
    until(lambda: first.is_subscribed, "it is subscribed")
    send(b"1", b"2", b"3", b"4")
    arrivals = take(first, 4)
    assert payloads(arrivals) == [b"1", b"2", b"3", b"4"]
    first.acknowledge(arrivals[:2])
    until(lambda: not first._client._out_packet, "the acknowledgements are written")
    first.stop()
    assert payloads(take(make_link(), 2)) == [b"3", b"4"]


def test_an_acknowledgement_of_a_lost_connection_consumes_nothing_on_the_next(make_link, send, take, until, mosquitto):
    link = make_link()
    until(lambda: link.is_subscribed, "it is subscribed")
    send(b"old 1", b"old 2")
    old = take(link, 2)
    mosquitto.kill()
    until(lambda: not link.is_connected, "the loss is noticed")
    mosquitto.start()
    until(lambda: link.is_subscribed, "it is subscribed again")
    send(b"new 1", b"new 2")
    new = take(link, 2)
    assert {arrival.packet_id for arrival in new} & {arrival.packet_id for arrival in old}, "the ids start again"
    link.acknowledge(old)
    sleep(0.2)
    link.stop()
    assert payloads(take(make_link(), 2)) == [b"new 1", b"new 2"]


def test_the_broker_may_come_later_than_the_gateway(make_link, mosquitto, until):
    mosquitto.stop()
    link = make_link()
    sleep(0.2)
    assert not link.is_connected
    mosquitto.start()
    until(lambda: link.is_subscribed, "it is subscribed")


def test_a_publication_waits_for_a_broker_that_is_away(make_link, mosquitto, until):
    link = make_link()
    until(lambda: link.is_subscribed, "it is subscribed")
    mosquitto.stop()
    until(lambda: not link.is_connected, "the loss is noticed")
    done = []
    publishing = threading.Thread(target=lambda: done.append(link.publish([Publication("t", b"1")])))
    publishing.start()
    sleep(0.2)
    assert done == []
    mosquitto.start()
    publishing.join(10)
    assert done == [True]


def test_a_publication_in_hand_does_not_keep_the_link_from_ending(make_link, mosquitto, until):
    link = make_link()
    until(lambda: link.is_subscribed, "it is subscribed")
    mosquitto.stop()
    done = []
    publishing = threading.Thread(target=lambda: done.append(link.publish([Publication("t", b"1")])))
    publishing.start()
    link.stop()
    publishing.join(10)
    assert done == [False]


def test_a_session_that_was_there_gets_the_topics_of_new_settings(make_link, send, take, until):
    link = make_link(topics=("rg/1/test-basin/lower/data",))
    until(lambda: link.is_subscribed, "it is subscribed")
    link.stop()
    link = make_link()
    until(lambda: link.is_subscribed, "it is subscribed to the new topic too")
    send(b"1")
    assert payloads(take(link, 1)) == [b"1"]


def test_a_message_for_no_topic_that_is_text_still_arrives(make_link, take, until, mosquitto):
    link = make_link(topics=("#",))
    until(lambda: link.is_subscribed, "it is subscribed")
    link.publish([Publication("any/where", b"\xff\x00")])
    assert b"\xff\x00" in payloads(take(link, 1))


PINGREQ = b"\xc0\x00"
CONNACK = bytes.fromhex("20 03 01 00 00")  # session present
PUBLISH = bytes.fromhex("32 08 0001 61 0007 00 7631")


def test_half_a_message_dies_with_its_connection_and_what_follows_a_new_one_belongs_to_it(until):
    with socket.create_server(("127.0.0.1", 0)) as broker:
        link = Link(
            BrokerAddress(*broker.getsockname()), "rivergauge-link", (TOPIC,), Publication("state", b"gone"),
            now_ms=lambda: 0, on_arrival=lambda: None, on_connected=lambda: None,
        )  # fmt: skip
        link.start()
        for number, answer in enumerate((CONNACK + PUBLISH + PUBLISH[:5], CONNACK + PUBLISH), 1):
            connection, _ = broker.accept()
            connection.recv(1000)
            connection.sendall(answer)
            until(lambda number=number: link.arrived == number, "the message has come")
            connection.close()
        link.stop()
    assert link.take(10) == [Arrival(number, 7, "a", b"v1", 0) for number in (1, 2)]


@pytest.fixture
def flooding_broker():
    """Yield a function that starts a link to a broker that sends `count` messages at once, Receive Maximum or not."""
    with ExitStack() as stack:

        def start(count, payload=b"v1"):
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            link = Link(
                BrokerAddress(*listener.getsockname()), "rivergauge-link", (TOPIC,), Publication("state", b"gone"),
                now_ms=lambda: 0, on_arrival=lambda: None, on_connected=lambda: None,
            )  # fmt: skip
            link.start()
            stack.callback(link.stop)
            connection = stack.enter_context(listener.accept()[0])
            connection.recv(1000)
            body = bytes.fromhex("0001 61 0007 00") + payload
            packet = b"\x32" + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body
            sending = threading.Thread(target=connection.sendall, args=(CONNACK + count * packet,), daemon=True)
            sending.start()
            return link, connection

        yield start


@pytest.mark.parametrize("payload", [b"v1", bytes(16_000)], ids=["by number", "by size"])
def test_no_more_is_read_than_may_wait_and_the_rest_when_some_was_taken(flooding_broker, until, payload):
    count = 20 * WAITING_LIMIT
    link, _ = flooding_broker(count, payload)
    sleep(0.5)
    most = min(WAITING_LIMIT, WAITING_BYTES_LIMIT // len(payload)) + READ_BYTES // len(payload) + 1
    assert 0 < link.arrived <= most
    taken = 0

    def take_some():
        nonlocal taken
        taken += len(link.take(100))
        assert link.arrived - taken <= most
        return taken == count

    until(take_some, "all have come")


def test_a_link_that_reads_nothing_for_long_stays_connected(flooding_broker, until, monkeypatch):
    monkeypatch.setattr(gateway.mqtt, "KEEPALIVE_S", 1)
    link, connection = flooding_broker(10 * WAITING_LIMIT)
    until(lambda: link.arrived >= WAITING_LIMIT, "no more may wait")
    connection.settimeout(5)
    heard = b""
    while heard.count(PINGREQ) < 3:
        heard += connection.recv(1000)
    assert link.is_connected
