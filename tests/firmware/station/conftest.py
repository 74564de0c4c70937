"""CPython stands in for MicroPython: its way to print tracebacks, and a temporary folder of the test's own.

For exchanges: a real broker, a gateway that answers as each test wants, and a board that reaches them.
"""

import sys
import traceback

import pytest

from rivergauge.servers import Mosquitto
from tests.fakes.gateway import Gateway
from tests.firmware.station import test_app as wakes


@pytest.fixture(autouse=True)
def _like_micropython(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "print_exception", _print_exception, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def _print_exception(error, file):
    traceback.print_exception(error, file=file)


@pytest.fixture
def broker(part, tmp_path):
    with Mosquitto(tmp_path / "broker", part("mosquitto"), more_settings=("set_tcp_nodelay true",)) as server:
        yield server


@pytest.fixture
def gateway(broker):
    client = Gateway(broker.port, "syr-darya", "uchkurgan", b"uchkurgan-1", bytes(32))
    yield client
    client.stop()


@pytest.fixture
def board(broker):
    station = wakes.station()
    station.address = ("127.0.0.1", broker.port)
    return station


@pytest.fixture
def root():
    return wakes.folder()
