"""The whole station on a virtual board without a broker: what its sensors give is read from the queue on its flash."""

from pathlib import Path
from typing import NamedTuple

from firmware.flash import BoardConnection, ImagePlan, plan_image, verify, write_image
from firmware.station.queue import Queue
from firmware.virtual.host import Bench, Clock, VirtualStation
from protocol.quality import MISSING
from protocol.variables import field_name
from tests.fakes.nor_flash import NorFlash
from tests.firmware.virtual.small_applications import QUEUE_OFFSET, START_MS, rising_river

RECORD_EVERY_S = 900
QUARTER_MS = RECORD_EVERY_S * 1000
POWER_ON_LEAD_MS = 120_000  # before the first instant: longer than any sensor needs


class Measured(NamedTuple):
    """One value; `quality` is the reason where `value` is None."""

    value: float | None
    quality: int


class MeasuringStation:
    """A station that is flashed and on; `bench` and `virtual` take faults, `records()` has what it kept so far.

    `sensors` is what the station is told it has, `wired` what it has; `changes` are members of its configuration.
    """

    def __init__(
        self, micropython: str, firmware: ImagePlan, folder: Path, sensors: list[dict], wired: list[dict], **changes
    ) -> None:
        self.first_ms = START_MS + QUARTER_MS
        self.river = rising_river()
        self.bench = Bench(Clock(self.first_ms - POWER_ON_LEAD_MS), micropython, folder, is_uplink_up=lambda: False)
        self.virtual: VirtualStation = self.bench.add_station("measuring", self.river, wired)
        plan = plan_image(firmware, _configuration(sensors) | changes, bytes(32))
        self.virtual.hold_in_repl()
        with BoardConnection(self.virtual.console_port) as board:
            write_image(board, plan)
            assert verify(board, plan).is_good
        self.virtual.start()

    def run(self, instants: int) -> None:
        """Let this many more instants be measured."""
        now_ms = self.bench.clock.now_ms()
        self.bench.run_until((now_ms // QUARTER_MS + instants) * QUARTER_MS + POWER_ON_LEAD_MS)

    def records(self) -> list[dict[tuple[int, str], Measured]]:
        """Return {(sensor number, field): value} of each record, oldest first."""
        return [_values(header.channels, record.values) for header, record in self._queued()]

    def instants_ms(self) -> list[int]:
        """Return the time of each record, oldest first."""
        return [record.utc_ms for _, record in self._queued()]

    def _queued(self):
        flash = NorFlash(block_count=128)
        flash.content[:] = self.virtual.flash.cells_path.read_bytes()[QUEUE_OFFSET:]
        queue = Queue(flash, 1, [])
        queue.mount(lambda count: bytes(count))
        return queue.to_send()

    def close(self) -> None:
        self.bench.close()


def _values(channels, values):
    found = {}
    for (sensor_no, variable, statistic, exponent, _), (mantissa, quality) in zip(channels, values, strict=True):
        name = (sensor_no, field_name(variable, statistic))
        assert name not in found, f"{name} twice in a record"
        assert quality != MISSING
        found[name] = Measured(None if mantissa is None else round(mantissa * 10**exponent, -exponent), quality)
    return found


def _configuration(sensors):
    return {
        "configuration_no": 1,
        "basin": "syr-darya",
        "station": "measuring",
        "key_id": "measuring-1",
        "broker": {"host": "127.0.0.1", "port": 9},
        "sampling": {"record_every_s": RECORD_EVERY_S, "send_every_s": RECORD_EVERY_S},
        "sensors": sensors,
    }
