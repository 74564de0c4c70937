"""A virtual station: its power, flash, clock and instruments, and the run of its firmware that is going on now."""

import time
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import Any

from firmware.virtual.host.clock import Clock
from firmware.virtual.host.console import Terminal
from firmware.virtual.host.flash_image import FlashImage
from firmware.virtual.host.process import BoardProcess, Request
from firmware.virtual.host.serial_wire import Instrument, SerialWire
from firmware.virtual.rom import control_line
from firmware.virtual.sensors import INSTRUMENTS

__all__ = ["Activity", "StationFailed", "VirtualStation"]

# Reset causes of station.hal.
POWER_ON = 1
DEEP_SLEEP = 2

BATTERY_MV = 12_600
OUTAGE_AFTER_CUT_MS = 60_000  # how long the supply is away after a cut inside a flash operation


class StationFailed(Exception):
    """The firmware of a station failed: it crashed, hung, or broke a rule of its hardware."""


class Activity(Enum):
    OFF = auto()
    ASLEEP = auto()  # no process; the chip's own timer runs
    AWAKE = auto()  # computing: time stands still
    WAITING = auto()  # for a time, for bytes or for the link
    IN_REPL = auto()  # held for tools, or out of work


class VirtualStation:
    """Made by Bench.add_station. All times are bench time in Unix ms; the station's own count from its power-on."""

    def __init__(self, station_id: str, folder: Path, micropython: str, clock: Clock, stage_m_at: Callable[[int], float | None],
                 sensors: list[dict[str, Any]]) -> None:  # fmt: skip
        self.id = station_id
        self.flash = FlashImage(folder)
        self.activity = Activity.OFF
        self.waits_for_link = False
        self.real_time_of_last_request_s = 0.0
        self.wakes = 0
        self.power_cuts = 0
        self.utc_offset_ms: int | None = 0  # error of the battery-backed clock; None: it was never set
        self.process: BoardProcess | None = None
        self._micropython = micropython
        self._clock = clock
        self._console = Terminal()
        self._instruments: dict[int, Instrument] = {}
        self._switches: dict[int, list[Instrument]] = {}
        self._wires: dict[int, SerialWire] = {}
        for sensor in sensors:
            self._attach(sensor, stage_m_at)
        self._power_on_ms = 0
        self._until_ms: int | None = None  # when the sleep, the wait or the outage ends
        self._serial_port_no: int | None = None  # the port a wait is for
        self._rtc_memory = b""
        self._reset_cause = POWER_ON
        self._wear_faults_seen = self.flash.faults

    @property
    def console_port(self) -> str:
        """Return the path of the console, for mpremote."""
        return self._console.path

    def start(self) -> None:
        """Switch the power on: the application runs as soon as the bench does."""
        self._switch_power_off()
        self._switch_power_on("application")

    def hold_in_repl(self) -> None:
        """Restart into the REPL, as with a board's boot button, so that tools can reach the file system."""
        self._switch_power_off()
        self._switch_power_on("repl")

    def cut_power(self, for_ms: int) -> None:
        """Take the supply away now, for a time; RTC memory is lost, flash and the battery-backed clock are not."""
        self._switch_power_off()
        self.power_cuts += 1
        self._until_ms = self._clock.now_ms() + for_ms

    def cut_power_at_flash_write(self, count: int) -> None:
        """Let the power fail inside the `count`-th flash operation from now (1: the next)."""
        self.flash.cut_power_in_operation(count)

    def unplug_sensor(self, port_no: int) -> None:
        self._wires[port_no].cable_in = False

    def plug_sensor(self, port_no: int) -> None:
        self._wires[port_no].cable_in = True

    def close(self) -> None:
        self._switch_power_off()
        self._console.close()
        self.flash.close()

    # What the bench calls.

    def next_event_ms(self) -> int | None:
        """Return when something happens to this station by itself, or None."""
        now_ms = self._clock.now_ms()
        outputs = [wire.next_output_ms(now_ms) for wire in self._wires.values()]
        times = [at_ms for at_ms in [self._until_ms, *outputs] if at_ms is not None]
        return min(times, default=None)

    def emit_instruments(self) -> None:
        """Let instruments whose output is complete now put it on their wires, and wake a reader of it."""
        now_ms = self._clock.now_ms()
        for port_no, wire in self._wires.items():
            if wire.next_output_ms(now_ms - 1) == now_ms:
                wire.emit(now_ms)
                if self.activity is Activity.WAITING and port_no == self._serial_port_no:
                    self._resume(wire.emitted_bytes)

    def wait_is_due(self) -> bool:
        return self._until_ms is not None and self._until_ms <= self._clock.now_ms()

    def end_wait_if_due(self) -> None:
        """End a wait, a sleep or an outage that lasts until now."""
        if not self.wait_is_due():
            return
        if self.activity is Activity.WAITING:
            wire = self._wires.get(self._serial_port_no or 0)
            self._resume(wire.emitted_bytes if wire is not None else 0)
        elif self.activity is Activity.ASLEEP:
            self._run("application", DEEP_SLEEP)
        elif self.activity is Activity.OFF:
            self._switch_power_on("application")

    def handle_line(self) -> None:
        """Take what the process said; raise StationFailed when it failed."""
        assert self.process is not None
        for request in self.process.requests():
            if request is None:
                self._process_ended()
                return
            self.real_time_of_last_request_s = time.monotonic()
            self._handle(request)
        if self.flash.faults > self._wear_faults_seen:
            self._wear_faults_seen = self.flash.faults
            raise StationFailed(f"{self.id}: the firmware used its flash against the rules of NOR; see its console")

    # Below: power, runs and requests.

    def _attach(self, sensor: dict[str, Any], stage_m_at: Callable[[int], float | None]) -> None:
        kind = sensor["kind"]
        if kind not in INSTRUMENTS:
            raise ValueError(f"{self.id}: no simulated instrument of kind {kind!r}; expected one of {', '.join(INSTRUMENTS)}")
        instrument = INSTRUMENTS[kind](sensor, stage_m_at)
        self._wires[sensor["port"]] = SerialWire(instrument)
        self._switches.setdefault(sensor["power_switch"], []).append(instrument)

    def _switch_power_on(self, mode: str) -> None:
        self._power_on_ms = self._clock.now_ms()
        self._run(mode, POWER_ON)

    def _switch_power_off(self) -> None:
        self._end_run(kill=True)
        for instruments in self._switches.values():
            for instrument in instruments:
                instrument.set_power(False, self._clock.now_ms())
        self._rtc_memory = b""
        self.activity = Activity.OFF

    def _run(self, mode: str, reset_cause: int) -> None:
        description = {
            "mode": mode,
            "monotonic_ms": self._monotonic_ms(),
            "utc_ms": None if self.utc_offset_ms is None else self._clock.now_ms() + self.utc_offset_ms,
            "reset_cause": reset_cause,
            "rtc_memory": self._rtc_memory.hex(),
            "battery_mv": BATTERY_MV,
            "flash": str(self.flash.cells_path),
            "wear": str(self.flash.wear_path),
        }
        self.process = BoardProcess(self._micropython, self._console.near_fd, description)
        self.real_time_of_last_request_s = time.monotonic()
        self._until_ms = None
        self.activity = Activity.AWAKE if mode == "application" else Activity.IN_REPL
        self.wakes += mode == "application"

    def _end_run(self, kill: bool) -> int:
        for wire in self._wires.values():
            wire.close()
        self._until_ms = self._serial_port_no = None
        self.waits_for_link = False
        status = 0
        if self.process is not None:
            status = self.process.end(kill)
            self.process = None
        return status

    def _process_ended(self) -> None:
        until_ms, activity = self._until_ms, self.activity
        status = self._end_run(kill=False)
        if self.flash.power_was_cut():
            self.cut_power(OUTAGE_AFTER_CUT_MS)
        elif activity is Activity.ASLEEP:
            self._until_ms = until_ms
        elif self._reset_cause != POWER_ON:
            cause, self._reset_cause = self._reset_cause, POWER_ON
            self._run("application", cause)
        else:
            raise StationFailed(f"{self.id}: MicroPython ended with status {status} and gave no reason")

    def _resume(self, number: int = 0) -> None:
        assert self.process is not None
        self._until_ms = self._serial_port_no = None
        self.waits_for_link = False
        self.activity = Activity.AWAKE
        self.real_time_of_last_request_s = time.monotonic()
        self.process.reply(self._monotonic_ms(), number)

    def _monotonic_ms(self) -> int:
        return self._clock.now_ms() - self._power_on_ms

    def _handle(self, request: Request) -> None:
        handler = _HANDLERS.get(request.operation)
        if handler is None:
            raise StationFailed(f"{self.id}: unknown request {request.operation} on the control line")
        handler(self, request)

    def _wait(self, request: Request) -> None:
        self.activity = Activity.WAITING
        self._until_ms = max(self._power_on_ms + request.first, self._clock.now_ms())

    def _wait_serial(self, request: Request) -> None:
        wire = self._wires[request.argument]
        self._wait(request)
        self._serial_port_no = request.argument
        if wire.note_consumed(request.second):
            self._resume(wire.emitted_bytes)

    def _wait_link(self, request: Request) -> None:
        self._wait(request)
        self.waits_for_link = True

    def _resume_on_request(self, request: Request) -> None:
        if self.activity is Activity.WAITING:  # else the reply was already on its way
            self._resume()

    def _open_serial(self, request: Request) -> None:
        assert self.process is not None
        wire = self._wires.setdefault(request.argument, SerialWire(None))
        self.process.reply(self._monotonic_ms(), 0, wire.open().encode())

    def _close_serial(self, request: Request) -> None:
        self._wires[request.argument].close()

    def _set_power(self, request: Request) -> None:
        for instrument in self._switches.get(request.argument, []):
            instrument.set_power(bool(request.first), self._clock.now_ms())

    def _keep(self, request: Request) -> None:
        self._rtc_memory = request.payload

    def _set_clock(self, request: Request) -> None:
        self.utc_offset_ms = request.first - self._clock.now_ms()

    def _deep_sleep(self, request: Request) -> None:
        self.activity = Activity.ASLEEP
        self._until_ms = max(self._power_on_ms + request.first, self._clock.now_ms())

    def _reset(self, request: Request) -> None:
        self._reset_cause = request.argument

    def _fault(self, request: Request) -> None:
        self.activity = Activity.IN_REPL
        raise StationFailed(f"{self.id}: {request.payload.decode(errors='replace')}")


_HANDLERS: dict[int, Callable[[VirtualStation, Request], None]] = {
    control_line.WAIT_TIME: VirtualStation._wait,
    control_line.WAIT_SERIAL: VirtualStation._wait_serial,
    control_line.WAIT_LINK: VirtualStation._wait_link,
    control_line.RESUME: VirtualStation._resume_on_request,
    control_line.OPEN_SERIAL: VirtualStation._open_serial,
    control_line.CLOSE_SERIAL: VirtualStation._close_serial,
    control_line.SET_POWER: VirtualStation._set_power,
    control_line.KEEP: VirtualStation._keep,
    control_line.SET_CLOCK: VirtualStation._set_clock,
    control_line.DEEP_SLEEP: VirtualStation._deep_sleep,
    control_line.RESET: VirtualStation._reset,
    control_line.FAULT: VirtualStation._fault,
}
