"""What is left when a bench is killed: nothing that runs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.firmware.virtual.small_applications import PROJECT

BENCH = """
import sys
from pathlib import Path
from firmware.flash import compile_firmware
from firmware.virtual.host import Bench, Clock
from tests.firmware.virtual.small_applications import SONAR, START_MS, flash, rising_river, write_sources

folder, micropython, application = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
bench = Bench(Clock(START_MS, speed=1), micropython, folder)
station = bench.add_station("left", rising_river(), [SONAR])
if application:
    flash(station, compile_firmware("virtual", write_sources(folder / "sources", application)))
    station.start()
else:
    station.hold_in_repl()
print("ready", flush=True)
bench.run_until(START_MS + 3_600_000)
"""

STUBBORN = """
def run(board):
    while True:
        try:
            board.set_power(1, True)
        except Exception:
            pass
"""


def processes_with(path: Path) -> list[str]:
    """Return the processes that have a file mapped."""
    found = []
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            if str(path) in maps.read_text():
                found.append(maps.parent.name)
        except OSError:
            continue  # it ended while we looked
    return found


def eventually(condition, timeout_s=10) -> bool:
    ends_s = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < ends_s:
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize(
    "application",
    [
        pytest.param("def run(board):\n    board.sleep_until(10**9)\n", id="waiting"),
        pytest.param(STUBBORN, id="computing, and swallowing every error"),
        pytest.param("", id="in the REPL"),
    ],
)
def test_stations_end_with_their_bench_even_when_it_is_killed(part, tmp_path, application):
    command = [sys.executable, "-c", BENCH, str(tmp_path), part("micropython"), application]
    image = tmp_path / "left" / "flash.bin"
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout.readline() == "ready\n"
        assert eventually(lambda: len(processes_with(image)) == 1)
        bench.kill()
    ended = eventually(lambda: processes_with(image) == [])
    for orphan in processes_with(image):
        os.kill(int(orphan), signal.SIGKILL)
    assert ended
