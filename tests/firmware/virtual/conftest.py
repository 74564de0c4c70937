"""A bench with small applications in the real MicroPython."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmware.flash import ImagePlan, compile_firmware
from firmware.virtual.host import Bench, Clock
from tests.firmware.virtual.measuring import MeasuringStation
from tests.firmware.virtual.small_applications import SONAR, START_MS, flash, rising_river, write_sources


@pytest.fixture
def bench_of(part: Callable[[str], str], tmp_path: Path) -> Iterator[Callable[..., SimpleNamespace]]:
    """Return make(application, stations=1, speed=None, **of_the_bench) -> bench, stations, station."""
    micropython = part("micropython")
    benches = []

    def make(application: str, stations: int = 1, speed: float | None = None, **of_the_bench):
        firmware = compile_firmware("virtual", write_sources(tmp_path / "sources", application))
        bench = Bench(Clock(START_MS, speed), micropython, tmp_path / "stations", **of_the_bench)
        benches.append(bench)
        for number in range(stations):
            station = bench.add_station(f"station-{number}", rising_river(), [SONAR])
            flash(station, firmware)
            station.start()
        return SimpleNamespace(bench=bench, stations=bench.stations, station=bench.stations[0])

    yield make
    for bench in benches:
        bench.close()


@pytest.fixture
def in_background() -> Iterator[Callable[[Bench, int], threading.Event]]:
    """Return run(bench, end_ms): let a bench run in a thread until the test is over."""
    stop = threading.Event()
    threads = []

    def run(bench: Bench, end_ms: int) -> None:
        threads.append(threading.Thread(target=bench.run_until, args=(end_ms, stop)))
        threads[-1].start()

    yield run
    stop.set()
    for thread in threads:
        thread.join()


@pytest.fixture(scope="session")
def whole_firmware() -> ImagePlan:
    """Return what goes on every virtual board, compiled once."""
    return compile_firmware("virtual")


@pytest.fixture
def measuring(
    part: Callable[[str], str], whole_firmware: ImagePlan, tmp_path: Path
) -> Iterator[Callable[..., MeasuringStation]]:
    """Return make(sensors of station.json, wired=the same, **other members) -> a station with the whole firmware."""
    stations: list[MeasuringStation] = []

    def make(sensors: list[dict], wired: list[dict] | None = None, **changes) -> MeasuringStation:
        made_of = (part("micropython"), whole_firmware, tmp_path / "measuring")
        stations.append(MeasuringStation(*made_of, sensors, wired or sensors, **changes))
        return stations[-1]

    yield make
    for station in stations:
        station.close()
