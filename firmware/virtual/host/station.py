"""A virtual station: its power, flash, clock and wiring, and the run of its firmware that is going on now."""

import os
import signal
import time
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from selectors import EVENT_READ, BaseSelector

from firmware.virtual.host.battery import Battery
from firmware.virtual.host.clock import Clock
from firmware.virtual.host.console import Terminal
from firmware.virtual.host.flash_image import FlashImage
from firmware.virtual.host.process import BoardProcess, Request
from firmware.virtual.host.wiring import Wiring
from firmware.virtual.rom import control_line
from firmware.virtual.sensors.instrument import Instrument

__all__ = ["Activity", "StationFailed", "VirtualStation"]

# Reset causes of station.hal.
POWER_ON = 1
DEEP_SLEEP = 2

MAINS_MV = 12_600
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
    """Made by Bench.add_station. Times here are bench time in Unix ms; the firmware counts from its power-on."""

    def __init__(
        self, station_id: str, folder: Path, micropython: str, clock: Clock, selector: BaseSelector, wiring: Wiring
    ) -> None:
        self.id = station_id
        self.flash = FlashImage(folder)
        self.activity = Activity.OFF
        self.waits_for_link = False
        self.last_word_real_s = 0.0  # when, in real time, firmware and bench last spoke
        self.wakes = 0
        self.power_cuts = 0
        self.outage_after_cut_ms = OUTAGE_AFTER_CUT_MS
        self.utc_offset_ms: int | None = 0  # error of the battery-backed clock; None: it was never set
        self.battery: Battery | None = None  # None: a supply that never ends
        self.drift_ppm = 0  # by how much the board's oscillator runs fast; to be set while the station is off
        self._process: BoardProcess | None = None
        self._micropython = micropython
        self._clock = clock
        self._selector = selector  # calls `_handle_line` when the firmware said something
        self._wiring = wiring
        self._console = Terminal()
        self._power_on_ms = 0
        self._until_ms: int | None = None  # when the sleep, the wait or the outage ends
        self._serial_port_no: int | None = None  # the port a wait is for
        self._rtc_memory = b""
        self._sleep_until_ms: int | None = None  # the deep sleep asked for; begins when the process has ended
        self._reset_cause: int | None = None  # the same of a reset

    @property
    def rtc_memory(self) -> bytes:
        """Return what the board keeps through its sleep."""
        return self._rtc_memory

    @property
    def console_port(self) -> str:
        """Return the path of the console, for mpremote."""
        return self._console.path

    def start(self) -> None:
        """Switch the power off and on: the application runs as soon as the bench does."""
        self._switch_off()
        self._switch_on("application")

    def hold_in_repl(self) -> None:
        """Restart into the REPL, as with a board's boot button, so that tools can reach the file system."""
        self._switch_off()
        self._switch_on("repl")

    def cut_power(self, for_ms: int) -> None:
        """Take the supply away now, for a time; RTC memory is lost, flash and the battery-backed clock are not."""
        self._switch_off()
        self.power_cuts += 1
        self._until_ms = self._clock.now_ms() + for_ms

    def cut_power_at_flash_write(self, count: int) -> None:
        """Let the power fail inside the `count`-th flash operation from now (1: the next)."""
        self.flash.cut_power_in_operation(count)

    def unplug_sensor(self, port_no: int | None = None) -> None:
        """Pull the cable of the instrument at a port, or of all."""
        for wire in self._wiring.ports(port_no):
            wire.cable_in = False

    def plug_sensor(self, port_no: int | None = None) -> None:
        for wire in self._wiring.ports(port_no):
            wire.cable_in = True

    def connect(self, port_no: int, switch_no: int, instrument: Instrument) -> None:
        """Wire what is no sensor, such as a modem, to a port and a switched supply."""
        self._wiring.connect(port_no, switch_no, instrument)

    def instrument(self, sensor_no: int) -> Instrument:
        """Return the simulated instrument of a sensor, such as to switch a fault of it on."""
        return self._wiring.instrument(sensor_no)

    def close(self) -> None:
        self._switch_off()
        self._console.close()
        self.flash.close()

    # For the bench.

    def next_event_ms(self) -> int | None:
        """Return when something happens to this station by itself, or None."""
        times = (self._until_ms, self._wiring.next_output_ms(self._clock.now_ms()))
        return min((at_ms for at_ms in times if at_ms is not None), default=None)

    def emit_instruments(self) -> None:
        """Let instruments whose output is complete now put it on their wires, and wake a reader of it."""
        for port_no in self._wiring.emit(self._clock.now_ms()):
            if port_no == self._serial_port_no:
                self._resume()

    def is_due(self) -> bool:
        """Return whether a wait, a sleep or an outage lasts no longer than until now."""
        return self._until_ms is not None and self._until_ms <= self._clock.now_ms()

    def go_on(self) -> None:
        """End the wait, the sleep or the outage."""
        if self.activity is Activity.WAITING:
            self._resume()
        elif self.activity is Activity.ASLEEP:
            self._run("application", DEEP_SLEEP)
        elif self.activity is Activity.OFF:
            self._switch_on("application")

    # Power and runs.

    def _switch_on(self, mode: str) -> None:
        self._power_on_ms = self._clock.now_ms()
        self._run(mode, POWER_ON)

    def _switch_off(self) -> None:
        self._end_run(kill=True)
        self._wiring.switch_all_off(self._clock.now_ms())
        self._rtc_memory = b""
        self.activity = Activity.OFF

    def _run(self, mode: str, reset_cause: int) -> None:
        self._draw()
        description = {
            "mode": mode,
            "monotonic_ms": self._monotonic_ms(),
            "utc_ms": None if self.utc_offset_ms is None else self._clock.now_ms() + self.utc_offset_ms,
            "reset_cause": reset_cause,
            "rtc_memory": self._rtc_memory.hex(),
            "battery_mv": self._battery_mv(),
            "flash": str(self.flash.cells_path),
            "wear": str(self.flash.wear_path),
        }
        # A tool reads all that the REPL says; what an application prints is lost when nobody reads, and blocks nothing.
        os.set_blocking(self._console.near_fd, mode == "repl")
        self._process = BoardProcess(self._micropython, self._console.near_fd, description)
        self._selector.register(self._process.line, EVENT_READ, self._handle_line)
        self.last_word_real_s = time.monotonic()
        self._until_ms = self._sleep_until_ms = self._reset_cause = None
        self.activity = Activity.AWAKE if mode == "application" else Activity.IN_REPL
        self.wakes += mode == "application"

    def _end_run(self, kill: bool) -> int:
        """End the process that is or was running; return its exit status."""
        self._draw()
        self._wiring.close_ports()
        self._until_ms = self._serial_port_no = None
        self.waits_for_link = False
        if self._process is None:
            return 0
        self._selector.unregister(self._process.line)
        status = self._process.end(kill)
        self._process = None
        return status

    def _process_ended(self) -> None:
        sleep_until_ms = self._sleep_until_ms
        status = self._end_run(kill=False)
        if self.flash.faults:
            raise StationFailed(f"{self.id}: the firmware broke the rules of NOR flash {self.flash.faults} times")
        if status == -signal.SIGKILL and self.flash.power_was_cut():
            self.cut_power(self.outage_after_cut_ms)
        elif self._reset_cause is not None:
            self._run("application", self._reset_cause)
        elif sleep_until_ms is not None:
            self.activity = Activity.ASLEEP
            self._until_ms = max(sleep_until_ms, self._clock.now_ms())
        else:
            raise StationFailed(f"{self.id}: MicroPython ended with status {status} and gave no reason")

    def _resume(self) -> None:
        assert self._process is not None
        self._draw()
        emitted = 0 if self._serial_port_no is None else self._wiring.port(self._serial_port_no).emitted_bytes
        self._until_ms = self._serial_port_no = None
        self.waits_for_link = False
        self.activity = Activity.AWAKE
        self.last_word_real_s = time.monotonic()
        self._process.reply(self._monotonic_ms(), emitted)

    def _draw(self) -> None:
        """Take from the battery what was drawn since it was last asked; to be called before what draws changes."""
        if self.battery is None:
            return
        draw = self.battery.draw
        load_ma = 0.0 if self.activity is Activity.OFF else draw.asleep_ma
        if self._process is not None:
            load_ma = draw.awake_ma + draw.radio_ma * self.waits_for_link + draw.sensors_ma * self._wiring.is_supplied
        self.battery.advance(self._clock.now_ms(), load_ma)

    def _battery_mv(self) -> int:
        return MAINS_MV if self.battery is None else round(1000 * self.battery.voltage_v(self.battery.draw.awake_ma))

    def _monotonic_ms(self) -> int:
        return (self._clock.now_ms() - self._power_on_ms) * (1_000_000 + self.drift_ppm) // 1_000_000

    def _bench_ms(self, monotonic_ms: int) -> int:
        """Return when the board's own count reaches `monotonic_ms`."""
        return self._power_on_ms - (-monotonic_ms * 1_000_000 // (1_000_000 + self.drift_ppm))

    # Requests of the firmware.

    def _handle_line(self) -> None:
        """Take what the firmware said; raise StationFailed when it failed."""
        assert self._process is not None
        for request in self._process.requests():
            self.last_word_real_s = time.monotonic()
            if request is None:
                self._process_ended()
            elif request.operation in _HANDLERS:
                _HANDLERS[request.operation](self, request)
            else:
                raise StationFailed(f"{self.id}: unknown request {request.operation} on the control line")

    def _wait(self, request: Request) -> None:
        self.activity = Activity.WAITING
        self._until_ms = max(self._bench_ms(request.first), self._clock.now_ms())

    def _wait_serial(self, request: Request) -> None:
        self._wait(request)
        self._serial_port_no = request.argument
        if self._wiring.port(request.argument).note_consumed(request.second):
            self._resume()

    def _wait_link(self, request: Request) -> None:
        self._wait(request)
        self.waits_for_link = True

    def _resume_on_request(self, request: Request) -> None:
        if self.activity is Activity.WAITING:  # else the reply was already on its way
            self._resume()

    def _open_serial(self, request: Request) -> None:
        assert self._process is not None
        path = self._wiring.port(request.argument).open(request.payload.decode())
        self._process.reply(self._monotonic_ms(), 0, path.encode())

    def _serial_written(self, request: Request) -> None:
        self._wiring.port(request.argument).take(request.first, self._clock.now_ms())

    def _pulses(self, request: Request) -> None:
        assert self._process is not None
        count = self._wiring.pulses(request.argument, self._power_on_ms, self._clock.now_ms())
        self._process.reply(self._monotonic_ms(), count)

    def _close_serial(self, request: Request) -> None:
        self._wiring.port(request.argument).close()

    def _set_power(self, request: Request) -> None:
        self._draw()
        self._wiring.switch(request.argument, bool(request.first), self._clock.now_ms())

    def _keep(self, request: Request) -> None:
        self._rtc_memory = request.payload

    def _set_clock(self, request: Request) -> None:
        self.utc_offset_ms = request.first - self._clock.now_ms()

    def _deep_sleep(self, request: Request) -> None:
        self._sleep_until_ms = self._bench_ms(request.first)

    def _reset(self, request: Request) -> None:
        self.activity = Activity.AWAKE  # until the process has ended
        self._reset_cause = request.argument

    def _enter_repl(self, request: Request) -> None:
        self.activity = Activity.IN_REPL

    def _fault(self, request: Request) -> None:
        raise StationFailed(f"{self.id}: {request.payload.decode(errors='replace')}")


_HANDLERS: dict[int, Callable[[VirtualStation, Request], None]] = {
    control_line.WAIT_TIME: VirtualStation._wait,
    control_line.WAIT_SERIAL: VirtualStation._wait_serial,
    control_line.WAIT_LINK: VirtualStation._wait_link,
    control_line.RESUME: VirtualStation._resume_on_request,
    control_line.OPEN_SERIAL: VirtualStation._open_serial,
    control_line.CLOSE_SERIAL: VirtualStation._close_serial,
    control_line.SERIAL_WRITTEN: VirtualStation._serial_written,
    control_line.PULSES: VirtualStation._pulses,
    control_line.SET_POWER: VirtualStation._set_power,
    control_line.KEEP: VirtualStation._keep,
    control_line.SET_CLOCK: VirtualStation._set_clock,
    control_line.DEEP_SLEEP: VirtualStation._deep_sleep,
    control_line.RESET: VirtualStation._reset,
    control_line.FAULT: VirtualStation._fault,
    control_line.IN_REPL: VirtualStation._enter_repl,
}
