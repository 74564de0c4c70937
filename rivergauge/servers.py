"""Starts the real servers that the demo and the tests run against, on loopback, and ends them by their process id."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Self
from urllib.request import urlopen

from rivergauge.broker.mosquitto import KEEPING

__all__ = ["InfluxDB", "Mosquitto", "ServerFailed", "VictoriaMetrics", "free_port"]

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
LOG_TAIL = 2000  # characters of a server's log to show when it fails


class ServerFailed(Exception):
    """A server did not start; the message holds the end of its log."""


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A program that listens on a port; `folder` keeps its data and its log between starts."""

    environment: Mapping[str, str] = {}  # beside what it has from us

    def __init__(self, folder: Path, executable: str, port: int | None = None) -> None:
        self.folder = folder
        self.port = port if port is not None else free_port()
        self._executable = executable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        return self.folder / f"{type(self).__name__.lower()}.log"

    @property
    def pid(self) -> int:
        """The number of the running process; raises ServerFailed where there is none."""
        if self._process is None:
            raise ServerFailed(f"{self._executable} is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def arguments(self) -> list[str]:
        """Write what the program needs into the folder and return its command line."""
        raise NotImplementedError

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self) -> None:
        """Start the program and wait until it answers; raise ServerFailed when it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = self.arguments()
        with self.log_path.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal is for the one who started it, who then ends it in order.
            self._process = subprocess.Popen(
                [self._executable, *arguments], env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        ends_s = monotonic() + START_LIMIT_S
        while not self.is_listening():
            if self._process.poll() is not None or monotonic() > ends_s:
                self.kill()
                tail = self.log_path.read_text(errors="replace")[-LOG_TAIL:]
                raise ServerFailed(f"{self._executable} did not come up on port {self.port}:\n{tail}")
            sleep(0.02)

    def stop(self) -> None:
        """Have it end by itself (SIGTERM), or kill it when it takes too long."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Mosquitto(Server):
    """An MQTT broker that keeps sessions and what is queued in them over a restart."""

    def __init__(
        self, folder: Path, executable: str, port: int | None = None, more_settings: tuple[str, ...] = ()
    ) -> None:
        super().__init__(folder, executable, port)
        self._more_settings = more_settings

    def arguments(self) -> list[str]:
        settings = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            *(f"{name} {value}" for name, value in KEEPING),
            f"persistence_location {self.folder}{os.sep}",
            *self._more_settings,
        ]
        if os.geteuid() == 0:
            # Mosquitto gives root up for a user that may not write here.
            settings.append("user root")
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(settings) + "\n")
        return ["-c", str(path)]


class InfluxDB(Server):
    """InfluxDB 1.x."""

    def arguments(self) -> list[str]:
        data = self.folder / "influxdb"
        path = self.folder / "influxdb.conf"
        path.write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\n  dir = "{data}/meta"\n'
            f'[data]\n  dir = "{data}/data"\n  wal-dir = "{data}/wal"\n  index-version = "inmem"\n'
            f'[http]\n  bind-address = "127.0.0.1:{self.port}"\n  log-enabled = false\n'
            '[monitor]\n  store-enabled = false\n[logging]\n  level = "warn"\n'
        )
        return ["-config", str(path)]

    def is_listening(self) -> bool:
        return _answers(f"http://127.0.0.1:{self.port}/ping")


class VictoriaMetrics(Server):
    """VictoriaMetrics, single node; keeps old points, and of the same point the newest."""

    # It looks for garbage at every 30 % of growth else, a quarter of what importing costs (gateway-speed.md).
    environment: Mapping[str, str] = {"GOGC": "100"}

    def arguments(self) -> list[str]:
        return [
            f"-storageDataPath={self.folder / 'victoria-metrics'}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=100y",
            "-dedup.minScrapeInterval=1ms",
            "-memory.allowedBytes=268435456",
        ]

    def is_listening(self) -> bool:
        return _answers(f"http://127.0.0.1:{self.port}/health")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:
            return 200 <= int(answer.status) < 300
    except OSError:
        return False
