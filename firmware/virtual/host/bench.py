"""The bench: runs virtual stations against one clock, event by event.

The law this file keeps: time advances only when every station sleeps or waits, every byte a station waits for was
taken, the gateway is idle, and no answer from the network is outstanding. At one instant instruments speak first, then
scheduled actions happen, then waits and sleeps end, each in the order they were added. Time never goes back.
"""

import heapq
import logging
import selectors
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from firmware.virtual.host.clock import Clock
from firmware.virtual.host.river import River
from firmware.virtual.host.station import Activity, StationFailed, VirtualStation
from firmware.virtual.host.wiring import Wiring

__all__ = ["Bench", "StationFailed"]

log = logging.getLogger(__name__)

# Limits in real time. A wait for the network holds the clock while an answer may come:
ANSWER_CAP_S = 20.0  # at most, with the gateway busy: then the network is taken to be broken, and that is counted
ANSWER_QUIET_S = 1.0  # with the gateway idle: whatever was under way in the broker has arrived by then
AWAY_GRACE_S = 0.05  # with broker or gateway known to be away
AWAKE_CAP_S = 30.0  # a station that computes this long without a word hangs
LOOK_AGAIN_S = 0.002  # how often to look at a gateway that is busy
STOP_LOOK_S = 0.1  # how soon a stop is noticed


class Bench:
    """`is_gateway_idle()` says that no message is on its way through the gateway, `is_uplink_up()` that broker and
    gateway are both there to answer; both are called from the thread that runs the bench.
    """

    def __init__(
        self,
        clock: Clock,
        micropython: str,
        folder: Path,
        is_gateway_idle: Callable[[], bool] = lambda: True,
        is_uplink_up: Callable[[], bool] = lambda: True,
    ) -> None:
        self.clock = clock
        self.stations: list[VirtualStation] = []
        self.unanswered_waits = 0  # waits for the network that ended at their deadline, with broker and gateway there
        self.capped_holds = 0  # times the gateway was busy for longer than ANSWER_CAP_S, and was waited for no more
        self._micropython = micropython
        self._folder = folder
        self._is_gateway_idle = is_gateway_idle
        self._is_uplink_up = is_uplink_up
        self._selector = selectors.DefaultSelector()
        self._actions: list[tuple[int, int, Callable[[], None]]] = []
        self._action_order = count()
        self._gateway_busy_since_s: float | None = None
        self._gateway_given_up = False
        self._gateway_last_busy_s = 0.0

    def add_station(self, station_id: str, river: River, sensors: list[dict[str, Any]]) -> VirtualStation:
        """Return a station that is off; `sensors` as in station.json. Its flash is kept in a folder of its name."""
        wiring = Wiring(sensors, river.stage_m_at)
        folder = self._folder / station_id
        station = VirtualStation(station_id, folder, self._micropython, self.clock, self._selector, wiring)
        self.stations.append(station)
        return station

    def at(self, at_ms: int, action: Callable[[], None]) -> None:
        """Call `action()` when bench time reaches `at_ms`, such as pulling a cable or stopping the broker."""
        if at_ms < self.clock.now_ms():
            raise ValueError(f"an action at {at_ms} is {self.clock.now_ms() - at_ms} ms in the past")
        heapq.heappush(self._actions, (at_ms, next(self._action_order), action))

    def run_until(self, end_ms: int, stop: threading.Event | None = None) -> None:
        """Let everything happen that is due up to and including `end_ms`; raise StationFailed when a firmware fails."""
        self.clock.start_pacing()
        while stop is None or not stop.is_set():
            wait_s = self._real_seconds_until_ready(end_ms)
            if wait_s > 0:
                self._listen(min(wait_s, STOP_LOOK_S))
                continue
            next_ms = self._next_event_ms()
            if next_ms is None or next_ms > end_ms:
                self.clock.advance_to(max(end_ms, self.clock.now_ms()))
                return
            self.clock.advance_to(max(next_ms, self.clock.now_ms()))
            self._let_happen()

    def close(self) -> None:
        """Switch all stations off; their flash images stay."""
        for station in self.stations:
            station.close()
        self._selector.close()

    def _real_seconds_until_ready(self, end_ms: int) -> float:
        """Return 0 when the next event may happen now, else for how long to listen before looking again."""
        if any(station.activity is Activity.AWAKE for station in self.stations):
            self._check_for_hangs()
            return STOP_LOOK_S
        hold_s = self._hold_s()
        if hold_s > 0:
            return hold_s
        next_ms = self._next_event_ms()
        target_ms = end_ms if next_ms is None else min(next_ms, end_ms)
        self.clock.drift_towards(target_ms)
        return self.clock.real_seconds_until(target_ms)

    def _hold_s(self) -> float:
        """Return for how long gateway and network may still owe something, 0 when they owe nothing."""
        now_s = time.monotonic()
        if self._waits_for_gateway(now_s):
            return LOOK_AGAIN_S
        waiting = [self._answer_hold_s(station, now_s) for station in self.stations if station.waits_for_link]
        return max(waiting, default=0.0)

    def _waits_for_gateway(self, now_s: float) -> bool:
        if self._is_gateway_idle():
            self._gateway_busy_since_s = None
            self._gateway_given_up = False
            return False
        self._gateway_last_busy_s = now_s
        if self._gateway_busy_since_s is None:
            self._gateway_busy_since_s = now_s
        if now_s - self._gateway_busy_since_s > ANSWER_CAP_S and not self._gateway_given_up:
            self._gateway_given_up = True
            self.capped_holds += 1
            log.warning("gateway busy for %.0f s: the bench goes on without it", ANSWER_CAP_S)
        return not self._gateway_given_up

    def _answer_hold_s(self, station: VirtualStation, now_s: float) -> float:
        asked_s = station.last_word_real_s
        if not self._is_uplink_up():
            return asked_s + AWAY_GRACE_S - now_s
        if self._gateway_given_up:
            return 0.0
        return max(asked_s, self._gateway_last_busy_s) + ANSWER_QUIET_S - now_s

    def _check_for_hangs(self) -> None:
        now_s = time.monotonic()
        for station in self.stations:
            if station.activity is Activity.AWAKE and now_s - station.last_word_real_s > AWAKE_CAP_S:
                raise StationFailed(f"{station.id}: computed for {AWAKE_CAP_S:.0f} s of real time without a word")

    def _next_event_ms(self) -> int | None:
        times = [station.next_event_ms() for station in self.stations]
        if self._actions:
            times.append(self._actions[0][0])
        return min((at_ms for at_ms in times if at_ms is not None), default=None)

    def _let_happen(self) -> None:
        now_ms = self.clock.now_ms()
        for station in self.stations:
            station.emit_instruments()
        while self._actions and self._actions[0][0] <= now_ms:
            heapq.heappop(self._actions)[2]()
        for station in self.stations:
            if station.is_due():
                self.unanswered_waits += station.waits_for_link and self._is_uplink_up()
                station.go_on()

    def _listen(self, timeout_s: float) -> None:
        """Take what the stations say, waiting at most so long for the first word."""
        for key, _ in self._selector.select(timeout_s):
            key.data()
