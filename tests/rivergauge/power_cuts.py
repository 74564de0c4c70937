"""Stations whose supply fails, inside flash operations most of all, and which deliver through the real gateway."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from firmware.flash import ImagePlan, PlannedFile, compile_firmware
from firmware.flash.inlining import inline_constants
from firmware.virtual.host import River, VirtualStation
from firmware.virtual.host.flash_image import FILE_SYSTEM_BLOCKS
from firmware.virtual.rom.nor_flash import BLOCK_BYTES, WEAR_HEADER_BYTES
from protocol.variables import field_name
from rivergauge.basin import Basin, Sampling, load_basin
from tests.conftest import PROJECT

__all__ = [
    "HOUR_MS",
    "LATEST_OPERATION",
    "LONG_OUTAGE_MS",
    "QUARTER_MS",
    "Acknowledged",
    "CutStation",
    "basin_of",
    "blank_flash",
    "river_for",
    "witnessed_firmware",
]

WITNESS = Path(__file__).with_name("witness_main.py")
WANTED, ACKNOWLEDGED = "wanted-cut.json", "acknowledged.jsonl"
QUARTER_MS = 900_000
HOUR_MS = 3_600_000
QUEUE_BLOCKS = 12  # few, so that a block whose erase is cut holds records of before

# What the station was doing when its supply failed, and in which operation of that kind at the latest. A receipt that
# the supply cut off is gone for good, the broker forgetting it too, and its records are sent again.
LATEST_OPERATION = {"write": 6, "date": 1, "erase": 1, "rotate": 1, "receipt": 2, "cursor": 40, "file": 2}
NEW_BLOCK = ("erase", "rotate")
AT_ANY_WAKE = ("write", "receipt", "cursor")
# Only in the run after an outage: the boot is counted in a file; where the clock ran on, nulls for the skipped instants
# fill a block, and where it did not, records are dated after they were written.
WITH_CLOCK, WITHOUT_CLOCK = (("file",), NEW_BLOCK), (("file",), ("date",))

# A long one skips so many instants that their nulls enter a new block; all outages of a round together skip fewer than
# the 96 that are explained by nulls.
LONG_OUTAGE_MS = 63 * QUARTER_MS
SHORT_OUTAGES_MS = (QUARTER_MS + 60_000, 6 * QUARTER_MS)


class Acknowledged(NamedTuple):
    """A record that the queue said it holds; `utc_ms` is None where it was dated later.

    `values` are {(sensor number, field): (value, quality or the reason why there is none)}.
    """

    record_no: int
    utc_ms: int | None
    values: dict[tuple[int, str], tuple[float | None, int]]


class CutStation:
    """One virtual station and its cuts, drawn from `seed`; to be told of each quarter hour that the bench has run.

    `forget_session()` makes the broker forget what it keeps for the station.
    """

    def __init__(
        self, virtual: VirtualStation, forget_session: Callable[[], None], seed: int, has_clock: bool = True
    ) -> None:
        self.virtual = virtual
        self.has_clock = has_clock
        self.cuts: Counter[str] = Counter()
        self._forget_session = forget_session
        self._folder = virtual.flash.cells_path.parent
        self._random = random.Random(seed)
        self._round: list[str] = []  # phases still to be cut in; between two rounds everything is delivered
        self._wakes = 0

    def pass_quarter(self) -> None:
        """Count a cut and want the next; one that did not come to pass is wanted at the first occasion."""
        virtual = self.virtual
        if virtual.power_cuts > self.cuts.total():
            phase = self._round.pop(0)
            self.cuts[phase] += 1
            if phase == "receipt":
                self._forget_session()
            if not self.has_clock:
                virtual.utc_offset_ms = None
            self._want_next()
        elif virtual.wakes > self._wakes:
            if self._round:
                self._want(self._round[0], 1)
            else:
                self._round = self._draw_round()
                self._want_next()

    def deliver(self) -> None:
        """Want no more cuts."""
        self._want("none", 0)

    def acknowledged(self) -> list[Acknowledged]:
        """Return what the queue said it holds, in that order."""
        lines = (self._folder / ACKNOWLEDGED).read_text().splitlines()
        return [_parse_acknowledged(*json.loads(line)) for line in lines]

    def _draw_round(self) -> list[str]:
        phases = self._random.sample(AT_ANY_WAKE, len(AT_ANY_WAKE))
        for together in WITH_CLOCK if self.has_clock else WITHOUT_CLOCK:
            at = self._random.randint(1, len(phases))
            phases[at:at] = together
        return phases

    def _want_next(self) -> None:
        self._wakes = self.virtual.wakes
        if not self._round:
            self.deliver()
            return
        phase, following = self._round[0], self._round[1] if len(self._round) > 1 else ""
        self._want(phase, self._random.randint(1, LATEST_OPERATION[phase]))
        is_long = following in NEW_BLOCK and phase not in NEW_BLOCK
        self.virtual.outage_after_cut_ms = LONG_OUTAGE_MS if is_long else self._random.randint(*SHORT_OUTAGES_MS)

    def _want(self, phase: str, operation: int) -> None:
        (self._folder / WANTED).write_text(json.dumps([phase, operation]))


def _parse_acknowledged(record_no: int, utc_ms: int | None, channels: list, values: list) -> Acknowledged:
    named = {
        (sensor_no, field_name(variable, statistic)): (
            None if mantissa is None else round(mantissa * 10**exponent, -exponent), quality
        )
        for (sensor_no, variable, statistic, exponent, _), (mantissa, quality) in zip(channels, values, strict=True)
    }  # fmt: skip
    return Acknowledged(record_no, utc_ms, named)


def witnessed_firmware() -> ImagePlan:
    """Return the firmware with the witness as its /main.py, the constants that it reads put in as in an image."""
    firmware = compile_firmware("virtual")
    files = [file for file in firmware.files if file.path != "/main.py"]
    read = {"station/slots.py": "firmware/station/slots.py", "nor_flash.py": "firmware/virtual/rom/nor_flash.py"}
    sources = {name: (PROJECT / path).read_text() for name, path in read.items()}
    witness = inline_constants(sources | {"main.py": WITNESS.read_text()})["main.py"]
    return replace(firmware, files=(*files, PlannedFile("/main.py", witness.encode())))


def blank_flash(folder: Path) -> None:
    """Make a station's flash, with room for few records, before the bench would make a larger one."""
    folder.mkdir(parents=True)
    block_count = FILE_SYSTEM_BLOCKS + QUEUE_BLOCKS
    (folder / "flash.bin").write_bytes(b"\xff" * (block_count * BLOCK_BYTES))
    (folder / "flash-wear.bin").write_bytes(bytes(WEAR_HEADER_BYTES + 4 * block_count))
    (folder / WANTED).write_text(json.dumps(["none", 0]))


def basin_of(count: int) -> Basin:
    """Return a basin of so many stations that record and send every quarter of an hour."""
    basin = load_basin(PROJECT / "deploy" / "basin.toml")
    every_s = QUARTER_MS // 1000
    first = replace(
        basin.stations[0], sampling=Sampling(every_s, every_s), rating=None, thresholds=(), upstream=()
    )  # fmt: skip
    stations = (replace(first, id=f"station-{number}", key_id=f"key-{number}") for number in range(count))
    return replace(basin, stations=tuple(stations))


def river_for(start_ms: int, days: int) -> River:
    """Return a river that rises and falls by the hour, so that neighbouring records differ."""
    times_ms = range(start_ms - HOUR_MS, start_ms + days * 24 * HOUR_MS, HOUR_MS)
    stages_m = [1 + (number * 7 % 41) / 50 for number in range(len(times_ms))]
    return River(times_ms, stages_m, [None] * len(times_ms), "zigzag")
