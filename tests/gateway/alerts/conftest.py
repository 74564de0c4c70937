"""Mail servers, webhooks and servers that misbehave, all on real sockets; flags to tell of; a clock to turn."""

import socket
import ssl
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from gateway.alerts.settings import NONE, AlertSettings, SmtpSettings
from gateway.observations import Flag
from rivergauge.basin import Alerting, Contact
from rivergauge.broker import BrokerFolder, Listener, write_broker_folder
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS

SENDER = "gauges@example.org"
NOW_MS = START_MS + 2 * RECORD_EVERY_MS


@dataclass
class TurnedClock:
    now_ms: int = NOW_MS

    def __call__(self) -> int:
        return self.now_ms

    def turn(self, seconds):
        self.now_ms += round(seconds * 1000)


@pytest.fixture
def clock():
    return TurnedClock()


@pytest.fixture
def flag():
    """A flag as the threshold "watch" of the station "upper" raises it."""
    return Flag(
        basin="test-basin", station="upper", threshold="watch", kind="level", variable="stage_m", direction="above",
        state="raised", first_detected_at_ms=START_MS, raised_at_ms=START_MS + RECORD_EVERY_MS, cleared_at_ms=None,
        peak=1.25, peak_at_ms=START_MS + RECORD_EVERY_MS, raise_value=1.0, clear_value=0.8, source="round number",
    )  # fmt: skip


@pytest.fixture
def with_contacts(basin):
    """Return the basin with these contacts, and what else [alerts] says."""

    def change(*contacts: Contact, **more):
        return replace(basin, alerts=Alerting(contacts, **more))

    return change


@pytest.fixture
def settings(mail_server):
    return AlertSettings(SmtpSettings("127.0.0.1", mail_server.port, SENDER, NONE))


@pytest.fixture
def misbehaving():
    """Return the port of a server that does `behave(connection)` with each connection, in a thread of its own."""
    listeners, is_over = [], threading.Event()

    def serve(behave):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def handle(connection):
            with connection:
                try:
                    behave(connection, is_over)
                except OSError:
                    return

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    yield serve
    is_over.set()
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture(scope="session")
def certified(tmp_path_factory, basin):
    """A folder with an authority (ca.crt), and the context of a server at 127.0.0.1 that it vouches for."""
    path = tmp_path_factory.mktemp("certified")
    listener = Listener(1, is_tls=True, address="127.0.0.1")
    folder = BrokerFolder(path, ("127.0.0.1",), ("gateway-1",), (listener,), str(path), str(path))
    write_broker_folder(basin, folder, datetime.now(UTC))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path / "server.crt", path / "server.key")
    return path, context
