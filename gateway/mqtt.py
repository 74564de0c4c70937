"""The link to the MQTT broker: with its mqtt_client, the only importer of paho.

The law this file keeps: nothing is acknowledged but on the connection it came on, in the order it came, and only when
the caller says so. The network thread never waits for anything of ours.
"""

import logging
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.complaints import Complaint
from gateway.mqtt_client import MqttClient
from gateway.mqtt_reader import Published

__all__ = ["Arrival", "BrokerAddress", "Link", "Publication"]

log = logging.getLogger(__name__)

KEEPALIVE_S = 30
SESSION_EXPIRY_S = 14 * 86_400
RECONNECT_FIRST_S, RECONNECT_LAST_S = 1, 30
# How many messages the broker may send before the first of them is acknowledged.
RECEIVE_MAXIMUM = 1000
# How many may wait to be taken before no more are read from the socket. Mosquitto 2.0.11 does not keep to the Receive
# Maximum: each acknowledgement brings up to max_inflight_messages more, and a backlog would all be in memory here.
WAITING_LIMIT, WAITING_BYTES_LIMIT = 500, 16_000_000
# Retained messages come with a new subscription and not with each renewal, or never (MQTT 5, 3.8.3.1).
RETAINED_IF_NEW, NONE_RETAINED = 1, 2


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


class Arrival(NamedTuple):
    """A message from the broker, unacknowledged."""

    connection_no: int
    packet_id: int
    topic: str
    payload: bytes
    received_at_ms: int


@dataclass(frozen=True, slots=True)
class Publication:
    topic: str
    payload: bytes
    retain: bool = False


class Link:
    """An MQTT 5 session that outlives connections. `on_arrival` and `on_connected` are called in the network thread."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        topics: Sequence[str],
        will: Publication,
        now_ms: Callable[[], int],
        on_arrival: Callable[[], None],
        on_connected: Callable[[], None],
        echo_topic: str | None = None,
        watched: Mapping[str, Callable[[bytes], None]] | None = None,
        unwanted: Sequence[str] = (),
    ) -> None:
        self._address = address
        # What is heard back of our own is noted and not handed on: with QoS 0, so that nothing is to be acknowledged.
        self._echo_topic = echo_topic
        self._echo_s: float | None = None
        self._subscriptions = [(topic, SubscribeOptions(qos=1, retainHandling=RETAINED_IF_NEW)) for topic in topics]
        if echo_topic is not None:
            self._subscriptions.append((echo_topic, SubscribeOptions(qos=0, retainHandling=NONE_RETAINED)))
        # States of others, for which only the last word counts: heard in the network thread, never kept for us.
        self._watched = dict(watched or {})
        # What the session may still be subscribed to from before, and would bring a second time.
        self._unwanted = list(unwanted)
        self._subscriptions += [(topic, SubscribeOptions(qos=0)) for topic in self._watched]
        self._now_ms = now_ms
        self._on_arrival = on_arrival
        self._on_connected = on_connected
        self._arrivals: deque[Arrival] = deque()
        self._arrived = 0
        self._arrived_bytes = self._taken_bytes = 0  # each counted in one thread only
        self._lock = threading.Condition()
        self._connection_no = 0
        self._connected = False
        self._granted = False
        self._awaited: set[int] = set()  # packet ids that the broker has not taken
        self._published: set[int] = set()  # those that it has, and nobody waits for yet
        self._stopping = False
        self._complaint = Complaint(log, f"broker {address.host}:{address.port}", monotonic)
        self._client = MqttClient(client_id, self._arrive, self._has_room)
        self._client.username_pw_set(address.username, address.password)
        if address.tls is not None:
            self._client.tls_set_context(address.tls)
        self._client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        self._client.reconnect_delay_set(RECONNECT_FIRST_S, RECONNECT_LAST_S)
        self._client.on_connect = self._connected_or_refused
        self._client.on_connect_fail = self._unreachable
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_publish = self._acknowledged

    @property
    def arrived(self) -> int:
        """How many messages have come since the start."""
        return self._arrived

    @property
    def is_running(self) -> bool:
        """True while the network thread lives, connected or trying to be."""
        # paho has no public word for it, and a link whose thread has died would look as if nothing arrived.
        thread = self._client._thread
        return thread is not None and thread.is_alive()

    @property
    def echo_age_s(self) -> float | None:
        """How long ago something published on the echo topic came back, None when it never has."""
        return None if self._echo_s is None else monotonic() - self._echo_s

    @property
    def is_connected(self) -> bool:
        return self._connected

    @property
    def is_subscribed(self) -> bool:
        """True while connected and every subscription is granted."""
        return self._connected and self._granted

    def start(self) -> None:
        """Begin to connect, and go on trying for ever; returns at once."""
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = SESSION_EXPIRY_S
        session.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect_async(
            self._address.host, self._address.port, KEEPALIVE_S, clean_start=False, properties=session
        )
        self._client.loop_start()

    def stop(self) -> None:
        """End the connection; the session stays at the broker, which publishes the will."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message"))
        self._client.loop_stop()

    def take(self, limit: int) -> list[Arrival]:
        """Return up to `limit` messages in the order they came, without waiting."""
        taken: list[Arrival] = []
        while self._arrivals and len(taken) < limit:
            taken.append(self._arrivals.popleft())
            self._taken_bytes += len(taken[-1].payload)
        return taken

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Acknowledge in the given order; what came on a connection that is gone is left to come again."""
        # Packet ids start again with each connection: a late acknowledgement would consume another message. Under the
        # lock the connection cannot change between the check and the queueing, and paho drops its queue on reconnect.
        with self._lock:
            if self._connected:
                now = self._connection_no
                of_now = (each.packet_id for each in arrivals if each.connection_no == now)
                self._client.acknowledge([packet_id for packet_id in of_now if packet_id])

    def publish(self, publications: Sequence[Publication]) -> bool:
        """Publish with QoS 1 and wait until the broker has taken all; False when stopped before. For one thread."""
        packet_ids = {
            self._client.publish(each.topic, each.payload, qos=1, retain=each.retain).mid for each in publications
        }
        with self._lock:
            # The broker may have taken some of them by now.
            self._awaited = packet_ids - self._published
            self._published.clear()
            self._lock.wait_for(lambda: self._stopping or not self._awaited)
            return not self._awaited

    def _connected_or_refused(self, client: paho.Client, _userdata: Any, flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self._complaint.raise_(f"refuses the connection: {reason}")
            return
        with self._lock:
            self._connection_no += 1
            self._connected = True
        if self._unwanted:
            client.unsubscribe(self._unwanted)
        # Subscribed every time: a session that was there may lack a topic that the settings name since.
        client.subscribe(self._subscriptions)

    def _unreachable(self, _client: paho.Client, _userdata: Any) -> None:
        # Called while the error is being handled: paho does not hand it over, and a wrong certificate must be named.
        self._complaint.raise_(f"cannot be reached: {sys.exception()}")

    def _disconnected(self, _client: paho.Client, _userdata: Any, _flags: Any, reason: Any, _more: Any) -> None:
        with self._lock:
            was_connected = self._connected
            self._connected = self._granted = False
        if self._stopping:
            return
        if was_connected:
            self._complaint.raise_(f"connection lost: {reason}")
        else:
            self._complaint.raise_(
                "ends the connection without an answer; correct [broker]: TLS or none on this port,"
                " certificate; the broker's log says more"
            )

    def _subscribed(
        self, _client: paho.Client, _userdata: Any, _packet_id: int, reasons: Sequence[ReasonCode], _more: Any
    ) -> None:
        answers = zip(self._subscriptions, reasons, strict=True)
        refused = [f"{topic}: {reason}" for (topic, _), reason in answers if reason.is_failure]
        if refused:
            self._complaint.raise_(f"refuses subscriptions ({'; '.join(refused)}); correct its access rules")
            return
        self._granted = True
        if not self._complaint.is_open:
            log.info("broker %s:%d: subscribed", self._address.host, self._address.port)
        self._complaint.clear()
        self._on_connected()

    def _arrive(self, messages: Sequence[Published]) -> None:
        received_at_ms = self._now_ms()
        for name, packet_id, payload in messages:
            topic = name.decode(errors="replace")
            if topic == self._echo_topic:
                self._echo_s = monotonic()
                continue
            if (hear := self._watched.get(topic)) is not None:
                hear(payload)
                continue
            self._arrived += 1
            self._arrived_bytes += len(payload)
            self._arrivals.append(Arrival(self._connection_no, packet_id, topic, payload, received_at_ms))
        self._on_arrival()

    def _has_room(self) -> bool:
        waiting_bytes = self._arrived_bytes - self._taken_bytes
        return len(self._arrivals) < WAITING_LIMIT and waiting_bytes < WAITING_BYTES_LIMIT

    def _acknowledged(self, _client: paho.Client, _userdata: Any, packet_id: int, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            log.error("broker refuses a publication: %s; correct its access rules", reason)
        with self._lock:
            if packet_id not in self._awaited:
                self._published.add(packet_id)
                return
            self._awaited.remove(packet_id)
            if not self._awaited:
                self._lock.notify_all()
