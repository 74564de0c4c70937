"""The far end of a station: a paho client that opens and decodes what it sends, and answers as the tests tell it."""

import hmac
import threading
from time import monotonic, sleep

import paho.mqtt.client as mqtt

from protocol import cose
from protocol.messages import Batch, Receipt, decode_birth, decode_data, decode_event, decode_reply, encode_receipt

PATIENCE_S = 5.0


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


DECODERS = {
    "data": ("batches", decode_data),
    "birth": ("births", decode_birth),
    "event": ("events", decode_event),
    "reply": ("replies", decode_reply),
}


EVENTS_APART = {"health": "health", "black-box": "black_boxes"}


class Gateway:
    """Collects `batches`, `births`, `events`, `replies`, `health`, `black_boxes` and what is said on `online`.

    `is_answering` gives receipts.
    """

    def __init__(self, port: int, basin: str, station: str, key_id: bytes, key: bytes) -> None:
        self.batches: list[Batch] = []
        self.births: list[object] = []
        self.events: list[object] = []
        self.replies: list[object] = []
        self.health: list[object] = []  # events of this name
        self.black_boxes: list[object] = []  # and of this
        self.online: list[str] = []
        self.is_answering = True
        self._root = f"rg/1/{basin}/{station}/"
        self._key_id = key_id
        self._key = key
        self._is_subscribed = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "gateway")
        self._client.on_connect = lambda client, *_: client.subscribe([(self._root + "+", 1)])
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._is_subscribed.wait(PATIENCE_S)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, leaf: str, payload: bytes, key: bytes | None = None) -> None:
        """Publish a sealed message to the station and wait until the broker has it."""
        topic = self._root + leaf
        message = cose.seal(payload, key or self._key, self._key_id, topic, hmac_sha256)
        self._client.publish(topic, message, qos=1).wait_for_publish(PATIENCE_S)

    def receipt(self, batch: Batch, key: bytes | None = None) -> None:
        self.say("receipt", _receipt_for(batch), key)

    def record_nos(self) -> list[int]:
        """Return the numbers of all records received, in the order in which they came."""
        return [batch.first_record_no + index for batch in self.batches for index in range(len(batch.times_ms))]

    def wait_for(self, name: str, count: int) -> None:
        ends_s = monotonic() + PATIENCE_S
        while len(getattr(self, name)) < count:
            assert monotonic() < ends_s, f"{len(getattr(self, name))} of {count} {name} came"
            sleep(0.01)

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        leaf = message.topic.removeprefix(self._root)
        if leaf in ("receipt", "command"):
            return
        if leaf == "online" and message.payload == b"gone":
            self.online.append("gone")
            return
        payload = cose.open_sealed(message.payload, {self._key_id: self._key}, message.topic, hmac_sha256)
        if leaf == "online":
            self.online.append(decode_event(payload).name)
            return
        attribute, decode = DECODERS[leaf]
        decoded = decode(payload)
        if leaf == "event":
            attribute = EVENTS_APART.get(decoded.name, attribute)
        getattr(self, attribute).append(decoded)
        if leaf == "data" and self.is_answering:
            self._answer(decoded)

    def _answer(self, batch: Batch) -> None:
        topic = self._root + "receipt"
        message = cose.seal(_receipt_for(batch), self._key, self._key_id, topic, hmac_sha256)
        self._client.publish(topic, message, qos=1)  # not waited for: this runs in the client's own thread


def _receipt_for(batch: Batch) -> bytes:
    last = batch.first_record_no + len(batch.times_ms) - 1
    return encode_receipt(Receipt(batch.log_id, [(batch.first_record_no, last)]))
