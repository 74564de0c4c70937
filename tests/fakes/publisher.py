"""Stations as the gateway sees them: sealed messages over a real broker, and the receipts that come back."""

import hmac
import ssl
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from protocol import topics
from protocol.cose import open_sealed, seal
from protocol.messages import Batch, Channel, Column, Receipt, Refused, decode_receipt, encode_data
from protocol.variables import COUNT, MEDIAN, code_of

__all__ = ["NOW_MS", "RECORD_EVERY_MS", "START_MS", "Publisher", "hmac_sha256", "stage_batch", "write_key"]

START_MS = 1_535_587_200_000  # 2018-08-30T00:00:00Z
RECORD_EVERY_MS = 900_000
NOW_MS = START_MS + 400 * 86_400_000  # what the gateway's clock says: after all that the stations measured
ANSWER_LIMIT_S = 20.0


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def stage_batch(
    first_record_no: int,
    stages_mm: Sequence[int | None],
    log_id: int = 7,
    start_ms: int = START_MS,
    gaps: list[tuple[int, int]] | None = None,
    test: bool = False,
    qualities: dict[int, int] | None = None,
    oldest_held: int = 0,
    receipted: int = 0,
) -> Batch:
    """Return a batch of stages on the quarter hours; record n is observed n quarter hours after `start_ms`."""
    count = len(stages_mm)
    stage = Column(Channel(1, code_of("stage_m"), MEDIAN, 0, -3), list(stages_mm), None, qualities)
    valid = Column(Channel(1, code_of("distance_m"), COUNT, 0, 0), [7] * count)
    times_ms = [start_ms + (first_record_no + index) * RECORD_EVERY_MS for index in range(count)]
    return Batch(
        log_id, first_record_no, times_ms, [stage, valid], 1, oldest_held, receipted, gaps=gaps, test=test
    )  # fmt: skip


def write_key(folder: Path, basin: str, station: str, key_id: str, key: bytes) -> None:
    """Write a station's key where the gateway looks for it."""
    path = folder / basin / f"{station}.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{key_id} {key.hex()}\n")
    path.chmod(0o600)


class Publisher:
    """One station: publishes sealed batches with QoS 1 and keeps the answers."""

    def __init__(
        self, basin: str, station: str, key_id: str, key: bytes, port: int, tls: ssl.SSLContext | None = None
    ) -> None:
        self.basin = basin
        self.station = station
        self.key_id = key_id.encode()
        self.key = key
        self.topic = topics.topic(basin, station, "data")
        self.answers: list[Receipt | Refused] = []
        self.receipted: set[tuple[int, int]] = set()
        self._port = port
        self._changed = threading.Condition()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, f"{basin}-{station}", clean_session=False)
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_message = self._message

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def sealed(self, batch: Batch, topic: str | None = None) -> bytes:
        return seal(encode_data(batch), self.key, self.key_id, topic or self.topic, hmac_sha256)

    def publish(self, batch: Batch) -> None:
        """Publish, and wait until the broker has it."""
        self.publish_bytes(self.sealed(batch))

    def publish_all(self, batches: Iterable[Batch]) -> None:
        """Publish all at once, and wait until the broker has them."""
        published = [self._client.publish(self.topic, self.sealed(batch), qos=1) for batch in batches]
        for each in published:
            each.wait_for_publish(ANSWER_LIMIT_S)

    def publish_bytes(self, message: bytes, topic: str | None = None) -> None:
        with self._changed:
            assert self._changed.wait_for(self._client.is_connected, ANSWER_LIMIT_S), "the broker is not there"
        self._client.publish(topic or self.topic, message, qos=1).wait_for_publish(ANSWER_LIMIT_S)

    def has_receipts(self, log_id: int, first: int, last: int, limit_s: float = ANSWER_LIMIT_S) -> bool:
        """Wait until every record of the range is receipted; False when the time is over before."""
        wanted = {(log_id, number) for number in range(first, last + 1)}
        with self._changed:
            return self._changed.wait_for(lambda: wanted <= self.receipted, limit_s)

    def wait_for_refusal(self) -> Refused:
        with self._changed:
            assert self._changed.wait_for(self._refusals, ANSWER_LIMIT_S), "no message was refused"
            return self._refusals()[-1]

    def _refusals(self) -> list[Refused]:
        return [each for each in self.answers if isinstance(each, Refused)]

    def _connected(self, client: paho.Client, *_: object) -> None:
        client.subscribe(topics.topic(self.basin, self.station, "receipt"), qos=1)
        with self._changed:
            self._changed.notify_all()

    def _message(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        keys = {self.key_id: self.key}
        answer = decode_receipt(open_sealed(message.payload, keys, message.topic, hmac_sha256))
        with self._changed:
            self.answers.append(answer)
            if isinstance(answer, Receipt):
                for first, last in answer.ranges:
                    self.receipted.update((answer.log_id, number) for number in range(first, last + 1))
            self._changed.notify_all()
