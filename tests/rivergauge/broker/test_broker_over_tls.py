"""What a real Mosquitto lets whom do, run from the folder that `rivergauge broker config` writes."""

import queue
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path
from time import sleep

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from firmware.station.pace import STATES
from rivergauge.basin import load_basin
from rivergauge.broker import BrokerFolder, Listener, write_broker_folder
from rivergauge.servers import free_port
from tests.fakes.secured_broker import SecuredMosquitto

BASIN = load_basin(Path(__file__).resolve().parents[2] / "gateway" / "basin.toml")
NOW = datetime.now(UTC)
ANSWER_LIMIT_S = 10.0
SILENCE_S = 0.4  # how long nothing must come; loopback answers within a few ms
UPPER, LOWER, GATEWAY = "stations/upper", "stations/lower", "gateway.gateway-1"
DATA, RECEIPT = "rg/1/test-basin/upper/data", "rg/1/test-basin/upper/receipt"


def write_folder(path, **changes):
    asked = {
        "path": path, "hosts": ("localhost", "127.0.0.1"), "gateways": ("gateway-1",), "installed_as": str(path),
        "listeners": (Listener(free_port(), is_tls=True, address="127.0.0.1"),), "state_folder": str(path),
    } | changes  # fmt: skip
    folder = BrokerFolder(**asked)
    return folder, write_broker_folder(BASIN, folder, NOW)


@pytest.fixture
def broker(tmp_path, part):
    folder, _ = write_folder(tmp_path / "broker")
    with SecuredMosquitto(folder.path, part("mosquitto"), folder.listeners[0].port) as server:
        yield server


class Client:
    """An MQTT 5 client with the certificate of `name`, or with none."""

    def __init__(self, broker, name, client_id=None, expiry_s=0, trust=None):
        self.heard = queue.Queue()
        self.outcomes = queue.Queue()
        self.gone = threading.Event()
        self._taken = queue.Queue()
        self._paho = paho.Client(CallbackAPIVersion.VERSION2, client_id or f"{name}", protocol=paho.MQTTv5)
        context = ssl.create_default_context(cafile=trust or broker.folder / "ca.crt")
        if name is not None:
            context.load_cert_chain(*broker.client_files(name))
        self._paho.tls_set_context(context)
        self._paho.on_connect = lambda *given: self.outcomes.put(given[3])
        self._paho.on_disconnect = lambda *_: self.gone.set()
        self._paho.on_message = lambda *given: self.heard.put((given[2].topic, given[2].payload))
        self._paho.on_publish = lambda *given: self._taken.put(given[3])
        self._expiry_s, self._port = expiry_s, broker.port

    def __enter__(self):
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = self._expiry_s
        self._paho.connect("localhost", self._port, clean_start=self._expiry_s == 0, properties=session)
        self._paho.loop_start()
        return self

    def __exit__(self, *_):
        self._paho.disconnect()
        self._paho.loop_stop()

    @property
    def is_admitted(self):
        return not self.outcomes.get(timeout=ANSWER_LIMIT_S).is_failure

    def subscribe(self, topic):
        granted = threading.Event()
        self._paho.on_subscribe = lambda *_: granted.set()
        self._paho.subscribe(topic, qos=1)
        assert granted.wait(ANSWER_LIMIT_S)
        return self

    def publish(self, topic, payload):
        """Publish and return the broker's answer."""
        self._paho.publish(topic, payload, qos=1)
        return self._taken.get(timeout=ANSWER_LIMIT_S).getName()

    def publish_retained(self, topic, payload):
        self._paho.publish(topic, payload, qos=1, retain=True)
        self._taken.get(timeout=ANSWER_LIMIT_S)

    def hears(self):
        return self.heard.get(timeout=ANSWER_LIMIT_S)

    def hears_nothing(self):
        sleep(SILENCE_S)
        return self.heard.empty()


def test_a_station_publishes_its_data_and_reads_its_receipts(broker):
    with Client(broker, GATEWAY) as gateway, Client(broker, UPPER) as upper:
        gateway.subscribe("rg/1/test-basin/+/data")
        upper.subscribe(RECEIPT)
        assert upper.publish(DATA, b"record") == "Success"
        assert gateway.hears() == (DATA, b"record")
        assert gateway.publish(RECEIPT, b"receipt") == "Success"
        assert upper.hears() == (RECEIPT, b"receipt")


def test_a_station_hears_the_states_of_its_gateways_and_no_other_by_one_filter(broker):
    own, other = "rg/1/gateway/gateway-1/state", "rg/1/gateway/gateway-2/state"
    with Client(broker, GATEWAY) as gateway, Client(broker, UPPER) as upper:
        assert gateway.publish(own, b"accepting") == "No matching subscribers"
        assert gateway.publish(other, b"hold") == "Not authorized"
        gateway.publish_retained(own, b"accepting")
        upper.subscribe(STATES)
        assert upper.hears() == (own, b"accepting")
        assert upper.hears_nothing()


DENIED = {
    "a station with the topic of another": (LOWER, DATA),
    "a station with its own receipt": (UPPER, RECEIPT),
    "a station with a command to itself": (UPPER, "rg/1/test-basin/upper/command"),
    "a station with a flag": (UPPER, "rg/1/test-basin/upper/flag"),
    "a station with a gateway's state": (UPPER, "rg/1/gateway/gateway-1/state"),
    "a reader of flags with a flag": ("flags", "rg/1/test-basin/upper/flag"),
    "a gateway with data": (GATEWAY, DATA),
    "a gateway with the state of another": (GATEWAY, "rg/1/gateway/gateway-2/state"),
    "a gateway in another basin": (GATEWAY, "rg/1/other-basin/upper/receipt"),
}


@pytest.mark.parametrize(("name", "topic"), DENIED.values(), ids=DENIED.keys())
def test_nobody_publishes_but_on_topics_of_their_own(broker, name, topic):
    with Client(broker, name) as client:
        assert client.publish(topic, b"x") == "Not authorized"


UNHEARD = {
    "a station the receipts of another": (LOWER, RECEIPT, GATEWAY, RECEIPT),
    "a station the commands of all": (LOWER, "rg/1/test-basin/+/command", GATEWAY, "rg/1/test-basin/upper/command"),
    "a station the data of another": (LOWER, DATA, UPPER, DATA),
    "a reader of flags anything else": ("flags", "#", UPPER, DATA),
}


@pytest.mark.parametrize(("reader", "topic_filter", "writer", "topic"), UNHEARD.values(), ids=UNHEARD.keys())
def test_nobody_reads_what_is_for_others(broker, reader, topic_filter, writer, topic):
    with Client(broker, reader) as client, Client(broker, writer) as other:
        client.subscribe(topic_filter)
        assert other.publish(topic, b"not for you") in ("Success", "No matching subscribers")
        assert client.hears_nothing()


def test_a_reader_of_flags_reads_flags(broker):
    with Client(broker, "flags") as reader, Client(broker, GATEWAY) as gateway:
        reader.subscribe("rg/1/test-basin/+/flag")
        gateway.publish("rg/1/test-basin/upper/flag", b"raised")
        assert reader.hears() == ("rg/1/test-basin/upper/flag", b"raised")


def is_refused(client):
    """Tell whether the broker ends the connection without admitting it: in the handshake, or after it (TLS 1.3)."""
    try:
        with client:
            return client.gone.wait(ANSWER_LIMIT_S) and client.outcomes.empty()
    except (ssl.SSLError, ConnectionError):
        return True


def test_a_client_without_a_certificate_is_refused(broker):
    assert is_refused(Client(broker, None, client_id="anonymous"))


def test_a_client_with_the_certificate_of_another_authority_is_refused(broker, tmp_path):
    write_folder(tmp_path / "other")
    for suffix in ("crt", "key"):
        (broker.folder / f"forged.{suffix}").write_bytes((tmp_path / "other" / f"{UPPER}.{suffix}").read_bytes())
    assert is_refused(Client(broker, "forged"))


def test_a_client_that_trusts_another_authority_refuses_the_broker(broker, tmp_path):
    write_folder(tmp_path / "other")
    with pytest.raises(ssl.SSLCertVerificationError), Client(broker, UPPER, trust=tmp_path / "other" / "ca.crt"):
        pass


def test_a_station_cannot_push_the_gateway_out_by_taking_its_name(broker):
    with Client(broker, GATEWAY) as gateway:
        assert gateway.is_admitted
        with Client(broker, UPPER, client_id=GATEWAY) as upper:
            assert upper.is_admitted
            assert not gateway.gone.wait(SILENCE_S)


def test_what_comes_for_a_client_that_is_away_waits_for_it_over_a_restart_of_the_broker(broker):
    with Client(broker, UPPER, expiry_s=3600) as upper:
        upper.subscribe(RECEIPT)
    with Client(broker, GATEWAY) as gateway:
        gateway.publish(RECEIPT, b"before the restart")
    broker.stop()
    broker.start()
    with Client(broker, GATEWAY) as gateway:
        gateway.publish(RECEIPT, b"after the restart")
    with Client(broker, UPPER, expiry_s=3600) as upper:
        assert [upper.hears()[1] for _ in range(2)] == [b"before the restart", b"after the restart"]


def test_a_plain_listener_admits_stations_and_nobody_as_the_gateway(tmp_path, part):
    plain_port = free_port()
    listeners = (Listener(free_port(), True, "127.0.0.1"), Listener(plain_port, False, "127.0.0.1"))
    folder, _ = write_folder(tmp_path / "broker", listeners=listeners)
    with SecuredMosquitto(folder.path, part("mosquitto"), folder.listeners[0].port) as broker:
        station = paho.Client(CallbackAPIVersion.VERSION2, "upper", protocol=paho.MQTTv5)
        answers = queue.Queue()
        station.on_publish = lambda *given: answers.put(given[3].getName())
        station.connect("127.0.0.1", plain_port)
        station.loop_start()
        with Client(broker, GATEWAY) as gateway:
            gateway.subscribe("rg/1/test-basin/+/data")
            station.publish(DATA, b"record", qos=1)
            assert gateway.hears() == (DATA, b"record")
            assert answers.get(timeout=ANSWER_LIMIT_S) == "Success"
            station.publish(RECEIPT, b"forged", qos=1)
            assert answers.get(timeout=ANSWER_LIMIT_S) == "Not authorized"
        station.disconnect()
        station.loop_stop()
        assert is_refused(Client(broker, None, client_id="anonymous")), "the TLS listener still asks for a certificate"
