"""A connection to a broker made only to look: MQTT 5, one thing at a time, each with a deadline.

The law this file keeps: a message is acknowledged only in a session of the probe's own. Where the broker gives all
clients of one user one session, what waits in it is the gateway's, and stays.
"""

import queue
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.mqtt import SESSION_EXPIRY_S, BrokerAddress

__all__ = ["Probe", "ProbeRefused", "may_publish", "new_client_id"]

ANSWER_LIMIT_S = 5.0
WINDOW = 1000  # messages under way, each way
CANARY = b"canary"


class ProbeRefused(Exception):
    """The broker does not admit the client, or does not answer what is asked; the text says what."""


class Probe:
    """A client while the `with` block lasts. Its session ends with it, unless it `keeps` it for another that `resumes`.

    Entering raises OSError where nothing answers or the broker's certificate is wrong, ProbeRefused where the client
    is not admitted. `told` is what the broker says of itself, by the names of MQTT 5 without spaces.
    """

    def __init__(self, address: BrokerAddress, client_id: str, keeps: bool = False, resumes: bool = False) -> None:
        self.told: dict[str, int] = {}
        self.is_session_present = False
        self._keeps, self._resumes = keeps, resumes
        self._address = address
        self._outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._taken: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._granted: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5, manual_ack=True, reconnect_on_failure=False
        )
        client.username_pw_set(address.username, address.password)
        if address.tls is not None:
            client.tls_set_context(address.tls)
        client.max_inflight_messages_set(WINDOW)
        client.connect_timeout = ANSWER_LIMIT_S
        client.on_connect = lambda _client, _userdata, flags, reason, told: self._outcome.put((flags, reason, told))
        client.on_disconnect = lambda _client, _userdata, _flags, reason, _more: self._end(reason)
        client.on_publish = lambda _client, _userdata, _packet_id, reason, _more: self._taken.put(reason)
        client.on_subscribe = lambda _client, _userdata, _packet_id, reasons, _more: self._granted.put(reasons[0])
        client.on_message = lambda _client, _userdata, message: self._heard.put(message)
        self._client = client

    def __enter__(self) -> Self:
        asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        asked.SessionExpiryInterval = SESSION_EXPIRY_S
        asked.ReceiveMaximum = WINDOW
        address = self._address
        try:
            # Neither a clean start nor a shorter session: the one found under this name may be the gateway's.
            self._client.connect(address.host, address.port, clean_start=False, properties=asked)
        except ssl.SSLCertVerificationError:
            raise
        except (ssl.SSLError, ConnectionResetError) as error:
            raise ProbeRefused(f"it ends the TLS handshake: {error}") from error
        self._client.loop_start()
        try:
            flags, reason, told = self._answer(self._outcome, "the connection")
            if reason.is_failure:
                raise ProbeRefused(f"it says: {reason}")
        except ProbeRefused:
            self.__exit__()
            raise
        self.is_session_present = flags.session_present
        self.told = told.json() if told is not None else {}
        return self

    def __exit__(self, *_: object) -> None:
        ending = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
        if not self._keeps and (self._resumes or not self.is_session_present):
            ending.SessionExpiryInterval = 0
        self._client.disconnect(properties=ending)
        self._client.loop_stop()

    def publish(self, topic: str, payloads: Sequence[bytes]) -> bool:
        """Publish with QoS 1 and tell whether the broker says to have taken every one."""
        for payload in payloads:
            self._client.publish(topic, payload, qos=1)
        return not any(self._answer(self._taken, f"a message on {topic}").is_failure for _ in payloads)

    def may_subscribe(self, topic: str) -> bool:
        self._client.subscribe(topic, qos=1)
        return not self._answer(self._granted, f"a subscription of {topic}").is_failure

    def hear(self, limit_s: float = ANSWER_LIMIT_S) -> bytes | None:
        """Acknowledge and return the next message, None when none comes within the limit. For a session of its own."""
        try:
            message = self._heard.get(timeout=limit_s)
        except queue.Empty:
            return None
        if isinstance(message, _Ended):
            return None
        self._client.ack(message.mid, message.qos)
        return bytes(message.payload)

    def round_trip_s(self, topic: str) -> float | None:
        """Return how long a message to oneself takes, None when it does not come."""
        if not self.may_subscribe(topic):
            return None
        sent_s = monotonic()
        if not self.publish(topic, [CANARY]) or self.hear() != CANARY:
            return None
        return monotonic() - sent_s

    def _end(self, reason: object) -> None:
        for each in (self._outcome, self._taken, self._granted, self._heard):
            each.put(_Ended(reason))

    def _answer(self, answers: "queue.SimpleQueue[Any]", what: str) -> Any:
        try:
            answer = answers.get(timeout=ANSWER_LIMIT_S)
        except queue.Empty:
            raise ProbeRefused(f"no answer to {what} within {ANSWER_LIMIT_S:g} s") from None
        if isinstance(answer, _Ended):
            raise ProbeRefused(f"instead of an answer to {what} it ended the connection: {answer.reason}")
        return answer


def may_publish(address: BrokerAddress, client_id: str, topic: str) -> bool:
    """Publish an empty message and tell whether the broker takes it; raise as a Probe does.

    On a connection of its own: Mosquitto 2.0 answers that it is not authorised, and then ends the connection.
    """
    with Probe(address, client_id) as probe:
        return probe.publish(topic, [b""])


def new_client_id() -> str:
    """Return a name that no other client has, or every broker would take the other for this one."""
    return f"rivergauge-check-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class _Ended:
    """In place of an answer: the broker has closed the connection."""

    reason: object
