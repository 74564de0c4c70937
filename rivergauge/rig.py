"""A whole chain on this machine under one clock, for demo and bench: broker, gateway and virtual stations."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware.flash import (
    BoardConnection,
    ImagePlan,
    compile_firmware,
    make_key,
    plan_image,
    read_key,
    verify,
    write_image,
)
from firmware.virtual.host import Bench, Clock, River, TimeServer, VirtualStation, count_waiting
from gateway.alerts.settings import NOTHING_SAID, AlertSettings
from gateway.service import Service
from gateway.settings import BrokerSettings, EmbeddedSettings, Settings, WebSettings
from gateway.stores.embedded import EmbeddedStore
from rivergauge import parts
from rivergauge.account import StationAccount, account_for, due_instants_ms
from rivergauge.basin import Basin, Sampling, station_configuration
from rivergauge.servers import Mosquitto

__all__ = ["Rig", "RigError"]

LOOPBACK = "127.0.0.1"
READY_LIMIT_S = 45.0  # how long the gateway may take to subscribe; it tries a lost broker every 30 s at least
SETTLE_LIMIT_S = 20.0  # how long the gateway may take to finish what it has, at the end
# A station is switched on this long before its first due instant, so that it is ready for it.
POWER_ON_LEAD_MS = 60_000
# A record is measured, sent and receipted within this long of its instant, in bench time.
DELIVERY_MS = 60_000
# A station whose last exchange failed has this long, in bench time, for others: it pauses for an hour at most.
DELIVERY_LIMIT_MS = 4 * 3_600_000
DAY_S = 86_400


class RigError(Exception):
    """The chain could not be started; the message says which part and why."""


class Rig:
    """A context manager: everything runs inside it and is ended with it. `rivers` gives each station its river.

    `speed` is bench seconds per real second, None for as fast as the work allows. `alerts` says how people are reached
    whom the basin names. All files are made in `folder`.
    """

    def __init__(
        self,
        folder: Path,
        basin: Basin,
        rivers: Mapping[str, River],
        start_ms: int,
        speed: float | None = None,
        alerts: AlertSettings = NOTHING_SAID,
    ) -> None:
        self.folder = folder
        self.basin = basin
        self.rivers = rivers
        self.start_ms = start_ms
        self._power_on_ms = _power_on_ms(basin, start_ms)
        self.clock = Clock(self._power_on_ms, speed)
        self.time_server = TimeServer(self.clock.now_ms)
        self.broker = Mosquitto(folder / "broker", parts.find("mosquitto"))
        self.observations = folder / "observations.sqlite"
        self.settings = Settings(
            name="rig",
            basin=folder / "basin.toml",
            keys=folder / "keys",
            journal=folder / "journal.sqlite",
            broker=BrokerSettings(LOOPBACK, self.broker.port),
            stores=(EmbeddedSettings("embedded", self.observations),),
            web=WebSettings(LOOPBACK, 0),
            bulletins=folder / "bulletins",
            alerts=alerts,
        )
        self.service = Service(self.settings, basin, self.clock.now_ms)
        self.bench = Bench(
            self.clock, parts.find("micropython"), folder / "stations", self.service.is_idle, self._is_uplink_up
        )
        self.stations: dict[str, VirtualStation] = {}
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.callback(self._end)
            self.time_server.start()
            self.broker.start()
            self.service.start()
            self._wait_until_subscribed()
            stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def flash(self, firmware: ImagePlan | None = None) -> None:
        """Flash every station through its console, as a board is, and switch it on. Raises FlashError or PlanError."""
        firmware = firmware or compile_firmware("virtual")
        broker: dict[str, str | int] = {"host": LOOPBACK, "port": self.broker.port}
        time_server: dict[str, str | int] = {"host": LOOPBACK, "port": self.time_server.port}
        images = {}
        for station in self.basin.stations:
            place = (self.settings.keys, self.basin.code, station.id, station.key_id)
            key = read_key(*place) or make_key(*place)
            configuration = station_configuration(self.basin, station.id, broker, time_server)
            images[station.id] = plan_image(firmware, configuration, key)
            river = self.rivers[station.id]
            self.stations[station.id] = self.bench.add_station(station.id, river, configuration["sensors"])
        with ThreadPoolExecutor(len(images)) as pool:
            for flashed in [pool.submit(_flash, self.stations[name], image) for name, image in images.items()]:
                flashed.result()
        for virtual in self.stations.values():
            virtual.start()

    def start_broker(self) -> None:
        """Start the broker, or start it again, and hold bench time until the gateway is back at it."""
        self.broker.start()
        self._wait_until_subscribed()

    def stop_broker(self) -> None:
        """Take the broker away without a word, as a power cut would."""
        self.broker.kill()

    def run_until(self, end_ms: int, stop: threading.Event | None = None) -> None:
        """Let the river flow until bench time is `end_ms`."""
        self.bench.run_until(end_ms, stop)

    def last_sending_ms(self, end_ms: int) -> int:
        """Return when everything due up to and including `end_ms` is sent, with no station between two sendings."""
        stations = self.basin.stations
        due_ms = [due_instants_ms(self.start_ms, end_ms + 1, station.sampling.record_every_s) for station in stations]
        last_due_ms = max((instants[-1] for instants in due_ms if instants), default=end_ms)
        every_ms = math.lcm(*(station.sampling.send_every_s for station in stations)) * 1000
        return -(-last_due_ms // every_ms) * every_ms

    def finish(self, end_ms: int) -> list[StationAccount]:
        """Go on at full speed until all that is due up to and including `end_ms` is delivered; return the accounts.

        What cannot be delivered within DELIVERY_LIMIT_MS, the accounts tell as waiting. The gateway has ended then, and
        `counts` is what it had counted.
        """
        last_ms = self.last_sending_ms(end_ms)
        self.clock.speed = None
        self._deliver(last_ms)
        self._wait_for(self.service.is_idle, SETTLE_LIMIT_S, "the gateway did not finish what it has")
        self.counts = self.service.counts()
        self.service.stop()
        store = EmbeddedStore(self.observations)
        return [
            account_for(
                station.id,
                due_instants_ms(self.start_ms, last_ms + 1, station.sampling.record_every_s),
                store.read_observations(station.id, self._power_on_ms, last_ms + DELIVERY_MS + 1),
                store.read_gaps(station.id),
                self.rivers[station.id].stage_m_at,
                _faster_every_s(station.sampling),
                self._waiting(station.id, last_ms),
            )
            for station in self.basin.stations
        ]

    def _deliver(self, last_ms: int) -> None:
        """Run until no station waits for a receipt of what it measured up to and including `last_ms`, or time is up."""
        wake_ms = min(station.sampling.record_every_s for station in self.basin.stations) * 1000
        for until_ms in range(last_ms + DELIVERY_MS, last_ms + DELIVERY_LIMIT_MS + wake_ms, wake_ms):
            self.run_until(until_ms)
            if not any(self._waiting(station.id, last_ms) for station in self.basin.stations):
                return

    def _waiting(self, station_id: str, until_ms: int) -> int:
        return count_waiting(self.stations[station_id].flash, until_ms)

    def _is_uplink_up(self) -> bool:
        return self.broker.is_running and self.service.is_ready

    def _wait_until_subscribed(self) -> None:
        self._wait_for(lambda: self.service.is_ready, READY_LIMIT_S, "the gateway did not subscribe at the broker")

    def _wait_for(self, condition: Callable[[], bool], limit_s: float, failure: str) -> None:
        ends_s = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > ends_s:
                raise RigError(f"{failure} within {limit_s:g} s")
            time.sleep(0.01)

    def _end(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self.time_server.stop)
            stack.callback(self.broker.stop)
            stack.callback(self.service.stop)
            stack.callback(self.bench.close)


def _power_on_ms(basin: Basin, start_ms: int) -> int:
    """Return when to switch the stations on: a little before the first instant due, well after any earlier one.

    A station that came up just after an instant would still measure it, and nobody asked for that one.
    """
    intervals_ms = [station.sampling.record_every_s * 1000 for station in basin.stations]
    first_due_ms = min(-(-start_ms // every_ms) * every_ms for every_ms in intervals_ms)
    sampled_ms = [(station.sampling.sample_every_s or DAY_S) * 1000 for station in basin.stations]
    return first_due_ms - min(POWER_ON_LEAD_MS, min(intervals_ms + sampled_ms) // 2)


def _faster_every_s(sampling: Sampling) -> int | None:
    """Return an interval that divides all at which the station's trigger may make records."""
    if sampling.adaptive is None or sampling.sample_every_s is None:
        return None
    return math.gcd(sampling.sample_every_s, sampling.adaptive.record_every_s)


def _flash(station: VirtualStation, image: ImagePlan) -> None:
    station.hold_in_repl()
    with BoardConnection(station.console_port) as board:
        write_image(board, image)
        found = verify(board, image)
    if not found.is_good:
        raise RigError(f"{station.id}: the board does not hold what was written to it: {found}")
