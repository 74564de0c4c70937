"""The parts of a run by themselves: what no gateway between them can be faster than."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.batch_lines import BatchLines
from gateway.connecting import make_store
from gateway.feeding import GROUP_LIMIT
from gateway.mqtt import RECEIVE_MAXIMUM, BrokerAddress, Link, Publication
from gateway.side_by_side import halves, side_by_side
from gateway.stores.store import Block, BlockStore, Sent, Written
from protocol.messages import encode_data
from rivergauge import parts
from rivergauge.servers import Mosquitto
from tests.benchmarks.gateway_load import STATIONS, Load, batch_of, make_basin, write_packets
from tests.benchmarks.gateway_run import START_LIMIT_S, publishing, start_store, wait_until
from tests.benchmarks.processes import processor_s
from tests.benchmarks.report import Disagreement, Row

__all__ = ["measure_link", "measure_paho", "measure_store"]

TOPIC = "rg/1/test-basin/+/data"
Arrived = Callable[[], int]  # how many messages have come and were acknowledged


def measure_paho(load: Load) -> Row:
    """Return how fast paho by itself takes messages and acknowledges them, doing nothing with them."""
    return _measure_reading("Mosquitto to paho, nothing done", load, _start_paho)


def measure_link(load: Load) -> Row:
    """Return the same of the gateway's own reading."""
    return _measure_reading("Mosquitto to the gateway's link, nothing done", load, _start_link)


def measure_store(load: Load) -> Row:
    """Return how fast the store alone takes batches that were written before."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        server, (settings,) = start_store(load.store, Path(name), stack)
        store = make_store(settings)
        if not isinstance(store, BlockStore) or server is None:
            raise Disagreement(f"{load.store} takes no whole batches")
        blocks = list(_blocks(store, load))
        began_s, before_s = monotonic(), processor_s(server.pid)
        for start in range(0, len(blocks), GROUP_LIMIT):
            # At the same time, as the feeder hands them over.
            outcomes = side_by_side(store.write_blocks, halves(blocks[start : start + GROUP_LIMIT]))
            if any(outcome != Written() for outcome in outcomes):
                raise Disagreement(f"{load.store} does not take all of the batches")
        took_s, used_s = monotonic() - began_s, processor_s(server.pid) - before_s
    size = sum(len(block.text) for block in blocks) / load.values
    more = {"values_per_s": load.values / took_s, "store_s_per_million_values": used_s * 1e6 / load.values}
    took_ns = took_s * 1e9 / load.values
    return Row(f"{load.store} alone", load.batch, took_ns, load.messages / took_s, size, more)


def _blocks(store: BlockStore, load: Load) -> Iterator[Block]:
    batch = BatchLines()
    for number in range(load.messages):
        turn, at = divmod(number, STATIONS)
        first_no = turn * load.batch
        batch.read(encode_data(batch_of(first_no, load.batch, at)))
        sent = Sent("test-basin", f"station-{at}", range(first_no, first_no + load.batch), batch.reader.times())
        yield Block(store.block_of(batch, sent.basin, sent.station, ()), sent)


def _measure_reading(name: str, load: Load, start: Callable[[int, ExitStack], Arrived]) -> Row:
    with tempfile.TemporaryDirectory() as folder_name, ExitStack() as stack:
        folder = Path(folder_name)
        broker = stack.enter_context(Mosquitto(folder / "broker", parts.find("mosquitto")))
        size = write_packets(folder / "packets", make_basin(), folder / "keys", load)
        publish = stack.enter_context(publishing(broker.port, folder / "packets", load))
        arrived = start(broker.port, stack)
        watched = {"gateway": os.getpid(), "broker": broker.pid}
        began_s, before = monotonic(), {name: processor_s(pid) for name, pid in watched.items()}
        publish()
        wait_until(lambda: arrived() == load.messages, "all have come", START_LIMIT_S)
        took_s = monotonic() - began_s
        used_s = {name: processor_s(pid) - before[name] for name, pid in watched.items()}
    more = {f"{name}_s_per_million_values": used * 1e6 / load.values for name, used in used_s.items()}
    took_ns = took_s * 1e9 / load.values
    return Row(name, load.batch, took_ns, load.messages / took_s, size / load.values, more)


def _start_paho(port: int, stack: ExitStack) -> Arrived:
    client = paho.Client(CallbackAPIVersion.VERSION2, "alone", protocol=paho.MQTTv5, manual_ack=True)
    subscribed = threading.Event()
    arrived = 0

    def take(client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        nonlocal arrived
        client.ack(message.mid, message.qos)
        arrived += 1

    client.on_connect = lambda client, *_: client.subscribe(TOPIC, qos=1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = take
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    session.ReceiveMaximum = RECEIVE_MAXIMUM
    client.connect("127.0.0.1", port, properties=session)
    client.loop_start()
    stack.callback(client.loop_stop)
    stack.callback(client.disconnect)
    wait_until(subscribed.is_set, "paho subscribes", START_LIMIT_S)
    return lambda: arrived


def _start_link(port: int, stack: ExitStack) -> Arrived:
    arrived = 0

    def take() -> None:
        nonlocal arrived
        messages = link.take(RECEIVE_MAXIMUM)
        link.acknowledge(messages)
        arrived += len(messages)

    link = Link(
        BrokerAddress("127.0.0.1", port), "alone", [TOPIC], Publication("gone", b""),
        now_ms=lambda: 0, on_arrival=take, on_connected=lambda: None,
    )  # fmt: skip
    link.start()
    stack.callback(link.stop)
    wait_until(lambda: link.is_subscribed, "the link subscribes", START_LIMIT_S)
    return lambda: arrived
