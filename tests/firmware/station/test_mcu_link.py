"""The link of the microcontroller boards, in the real MicroPython: plain and TLS connections to a real Mosquitto."""

import os
import subprocess
from datetime import UTC, datetime

import pytest

from rivergauge.basin import load_basin
from rivergauge.broker import BrokerFolder, Listener, write_broker_folder
from rivergauge.servers import free_port
from rivergauge.station_access import station_access
from tests.conftest import PROJECT
from tests.fakes.secured_broker import SecuredMosquitto

BASIN = load_basin(PROJECT / "deploy" / "basin.toml")
STATION = "uchkurgan"

# The link needs of its board the time and the watchdog.
CALLER = """
import sys, time
from boards.mcu.link import TcpLink
from station import hal, mqtt
from station.trust import secured

class Board:
    def __init__(self):
        self.watchdog = self
        self.ticks = 0
    def monotonic_ms(self):
        return time.ticks_ms()
    def tick(self):
        self.ticks += 1

port, root, host = int(sys.argv[1]), sys.argv[2], sys.argv[3]
board = Board()
deadline_ms = board.monotonic_ms() + 10_000
secure = (lambda connected: secured(connected, host, "mutual", root)) if host else None
buffer = bytearray(64)
try:
    link = TcpLink(board, "127.0.0.1", port, deadline_ms, secure)
    link.write(mqtt.connect_packet("syr-darya.uchkurgan", 60, "rg/1/syr-darya/uchkurgan/online", b"gone"), deadline_ms)
    count = link.read_into(buffer, deadline_ms)
    print("answered", count == 4 and buffer[0] == mqtt.CONNACK and buffer[3] == 0)
    print("silence", link.read_into(buffer, board.monotonic_ms() + 50))
    link.write(mqtt.DISCONNECT_PACKET, deadline_ms)
    link.close()
except hal.HardwareError as error:
    print(error.reason)
print("watchdog", board.ticks > 0)
"""


@pytest.fixture(scope="module")
def broker(part, tmp_path_factory):
    path = tmp_path_factory.mktemp("broker")
    listeners = (Listener(free_port(), True, "127.0.0.1"), Listener(free_port(), False, "127.0.0.1"))
    folder = BrokerFolder(path, ("localhost",), ("gateway-1",), listeners, str(path), str(path))
    write_broker_folder(BASIN, folder, datetime.now(UTC))
    for file in station_access(STATION, path, None, None, None).files:
        (path / file.path.strip("/")).write_bytes(file.data)
    with SecuredMosquitto(path, part("mosquitto"), listeners[0].port) as server:
        server.plain_port = listeners[1].port
        yield server


def call(part, port, root, host):
    done = subprocess.run(
        [part("micropython"), "-c", CALLER, str(port), str(root), host],
        env={**os.environ, "MICROPYPATH": f"{PROJECT / 'firmware'}:{PROJECT}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("host", ["localhost", ""], ids=["tls", "plain"])
def test_a_broker_is_reached_and_silence_ends_at_the_deadline(part, broker, host, count_cases):
    port = broker.port if host else broker.plain_port
    assert call(part, port, broker.folder, host) == ["answered True", "silence 0", "watchdog True"]
    count_cases("MicroPython", 1)


def test_a_broker_with_another_name_is_refused_with_the_reason(part, broker, count_cases):
    first, *_ = call(part, broker.port, broker.folder, "gauges.example.org")
    assert first.startswith("tls: The certificate Common Name (CN) does not match")
    count_cases("MicroPython", 1)


def test_a_closed_port_is_refused(part, broker, count_cases):
    assert call(part, free_port(), broker.folder, "")[0] == "refused"
    count_cases("MicroPython", 1)
