"""A gateway on a real Mosquitto, with stations that publish to it."""

import queue
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.journal import Journal
from gateway.service import Service
from gateway.settings import BrokerSettings, EmbeddedSettings, Settings
from gateway.stores.embedded import EmbeddedStore
from rivergauge.basin import Basin, load_basin
from rivergauge.broker import BrokerFolder, Listener, write_broker_folder
from rivergauge.servers import Mosquitto, free_port
from tests.fakes.publisher import NOW_MS, Publisher, write_key
from tests.fakes.secured_broker import SecuredMosquitto

IDLE_LIMIT_S = 30.0
STATIONS = ("upper", "lower")


@pytest.fixture(scope="session")
def basin() -> Basin:
    return load_basin(Path(__file__).parent / "basin.toml")


@pytest.fixture
def mosquitto(tmp_path: Path, part: Callable[[str], str]) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto", part("mosquitto")) as server:
        yield server


@pytest.fixture
def secured(tmp_path: Path, basin: Basin, part: Callable[[str], str]) -> Iterator[SecuredMosquitto]:
    """A broker that admits nobody without a certificate."""
    path = tmp_path / "secured"
    listener = Listener(free_port(), is_tls=True, address="127.0.0.1")
    folder = BrokerFolder(path, ("127.0.0.1",), ("gateway-1",), (listener,), str(path), str(path))
    write_broker_folder(basin, folder, datetime.now(UTC))
    with SecuredMosquitto(path, part("mosquitto"), listener.port) as server:
        yield server


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.open()
    yield journal
    journal.close()


@dataclass
class Bench:
    """One basin on one broker: a gateway that can be started again on the same files, and its stations."""

    folder: Path
    basin: Basin
    mosquitto: Mosquitto
    settings: Settings
    now_ms: int = NOW_MS
    services: list[Service] = field(default_factory=list)

    @property
    def store(self) -> EmbeddedStore:
        """A reader of its own, as another process would have."""
        return EmbeddedStore(self.folder / "observations.sqlite")

    def key(self, station: str) -> bytes:
        return station.encode().ljust(32, b".")

    def station(self, station: str) -> AbstractContextManager[Publisher]:
        return Publisher(self.basin.code, station, f"{station}-1", self.key(station), self.mosquitto.port)

    def start(self) -> Service:
        service = Service(self.settings, self.basin, now_ms=lambda: self.now_ms)
        self.services.append(service)
        service.start()
        wait_until(lambda: service.is_ready, "the gateway has its subscriptions")
        return service

    def stop(self, service: Service) -> None:
        self.services.remove(service)
        service.stop()


@pytest.fixture
def bench(tmp_path: Path, basin: Basin, mosquitto: Mosquitto) -> Iterator[Bench]:
    settings = Settings(
        name="gateway-1",
        basin=tmp_path / "basin.toml",
        keys=tmp_path / "keys",
        journal=tmp_path / "journal.sqlite",
        bulletins=tmp_path / "bulletins",
        broker=BrokerSettings("127.0.0.1", mosquitto.port),
        stores=(EmbeddedSettings("embedded", tmp_path / "observations.sqlite"),),
    )
    bench = Bench(tmp_path, basin, mosquitto, settings)
    for station in STATIONS:
        write_key(settings.keys, basin.code, station, f"{station}-1", bench.key(station))
    yield bench
    for service in bench.services:
        service.stop()


@pytest.fixture
def listener(mosquitto: Mosquitto) -> Iterator[Callable[[str], queue.Queue[tuple[str, bytes]]]]:
    """A third client: returns a queue of (topic, payload) for a topic."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "listener")
    heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
    client.on_message = lambda _client, _userdata, message: heard.put((message.topic, message.payload))
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()

    def listen(topic: str) -> queue.Queue[tuple[str, bytes]]:
        client.subscribe(topic, qos=1)
        return heard

    yield listen
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def until() -> Callable[[Callable[[], object], str], None]:
    return wait_until


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Wait until it is so, or fail with what was waited for."""
    ends_s = monotonic() + IDLE_LIMIT_S
    while not is_so():
        assert monotonic() < ends_s, f"waited {IDLE_LIMIT_S:g} s in vain until {what}"
        sleep(0.01)
