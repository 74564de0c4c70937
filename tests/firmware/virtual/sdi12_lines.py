"""The recorder in the real MicroPython on a strict SDI-12 line: one script, and what it noted."""

from pathlib import Path
from typing import NamedTuple

from firmware.flash import compile_firmware
from firmware.virtual.host import Bench, Clock
from firmware.virtual.sensors.sdi12_sensor import Sdi12Sensor
from tests.firmware.virtual.small_applications import (
    PROJECT,
    START_MS,
    flash,
    read_notes,
    rising_river,
    write_sources,
)

PORT_NO = 3

APPLICATION = """
from station.notebook import note
from station.sdi12.line import NoAnswer
from station.sdi12.full_recorder import FullRecorder
from station.sensors.supply import Faults, SuppliedPort

def run(board):
    faults = Faults()
    def attempt(call, *arguments):
        try:
            return call(*arguments)
        except NoAnswer as error:
            return error.reason
    with SuppliedPort(board, {port_no}, [1], 1200, 8, {parity}) as port:
        board.sleep_until(2000)
        recorder = FullRecorder(board, port, faults)
{script}
    note(board, "faults", faults.silent, faults.broken)
    board.deep_sleep_until(10**12)
"""


class Run(NamedTuple):
    """What the script noted, and the counts of its faults."""

    notes: list[tuple]
    silent: int
    broken: int


class Sdi12Line:
    """A line with the sensors given, which a script talks to; `{address: sensor}` in `sensors`."""

    def __init__(self, micropython: str, folder: Path, sensors: list[dict]) -> None:
        self._folder = folder
        self.bench = Bench(Clock(START_MS), micropython, folder / "stations")
        self._station = self.bench.add_station("line", rising_river(), sensors)
        instruments = [self._station.instrument(sensor["sensor_no"]) for sensor in sensors]
        self.sensors: dict[str, Sdi12Sensor] = {
            sensor["sdi12_address"]: instrument
            for sensor, instrument in zip(sensors, instruments, strict=True)
            if isinstance(instrument, Sdi12Sensor)
        }

    def run(self, script: str, parity: int | None = None) -> Run:
        """Run statements that have `recorder`, `attempt`, `board` and `note`."""
        lines = "".join(f"        {line}\n" for line in script.strip().splitlines())
        application = APPLICATION.format(port_no=PORT_NO, parity=parity, script=lines)
        sources = write_sources(self._folder / "sources", application)
        for part in ("firmware/station/sdi12", "firmware/station/sensors"):
            (sources / part).mkdir(parents=True, exist_ok=True)
            for module in (PROJECT / part).glob("*.py"):
                (sources / part / module.name).write_text(module.read_text())
        flash(self._station, compile_firmware("virtual", sources))
        self._station.start()
        self.bench.run_until(self.bench.clock.now_ms() + 600_000)
        *notes, (_, silent, broken) = read_notes(self._station)
        return Run(notes, silent, broken)

    def close(self) -> None:
        self.bench.close()
