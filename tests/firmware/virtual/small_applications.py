"""Small applications on virtual stations, flashed as real ones are; what they note is read from their flash image."""

import shutil
from pathlib import Path

from firmware.flash import BoardConnection, ImagePlan, plan_image, verify, write_image
from firmware.virtual.host import River, VirtualStation

PROJECT = Path(__file__).resolve().parents[3]
START_MS = 1_535_673_600_000  # 2018-08-31T00:00Z
SONAR = {"sensor_no": 1, "kind": "maxbotix-hrxl", "port": 1, "power_switch": 1, "zero_distance_m": 4.5}
QUEUE_OFFSET = 512 * 1024
PAGE_BYTES = 256

NOTEBOOK = f"""
def note(board, *values):
    region = board.queue_flash()
    page = bytearray({PAGE_BYTES})
    at = 0
    while True:
        region.read_into(at, page)
        if page[0] == 0xFF:
            break
        at += {PAGE_BYTES}
    region.program(at, repr(values).encode())
"""


def rising_river(start_ms: int = START_MS, days: int = 2) -> River:
    """Return a river that rises by 1 mm in 10 s from 0.5 m, so that every instant of a burst can be told apart."""
    times_ms = range(start_ms - 60_000, start_ms + days * 86_400_000, 60_000)
    stages_m = [0.5 + (at_ms - start_ms) / 10_000_000 for at_ms in times_ms]
    return River(times_ms, stages_m, [None] * len(stages_m), "rising")


def read_notes(station: VirtualStation) -> list[tuple]:
    """Return what the application noted, oldest first."""
    queue = station.flash.cells_path.read_bytes()[QUEUE_OFFSET:]
    pages = (queue[at : at + PAGE_BYTES] for at in range(0, len(queue), PAGE_BYTES))
    return [eval(page.split(b"\xff")[0]) for page in pages if page[0] != 0xFF]


def write_sources(folder: Path, application: str) -> Path:
    """Return a source tree that is the project's but for the application."""
    station = folder / "firmware" / "station"
    station.mkdir(parents=True, exist_ok=True)
    for name in ("hal.py", "stream_link.py"):  # what a board itself imports
        shutil.copy(PROJECT / "firmware" / "station" / name, station)
    (station / "__init__.py").touch()
    (station / "notebook.py").write_text(NOTEBOOK)
    (station / "app.py").write_text(application)
    for name in ("main.py", "image.toml"):
        shutil.copy(PROJECT / "firmware" / name, folder / "firmware")
    for name in ("board", "rom"):
        shutil.copytree(PROJECT / "firmware" / "virtual" / name, folder / "firmware/virtual" / name, dirs_exist_ok=True)
    (folder / "protocol").mkdir(exist_ok=True)
    (folder / "protocol" / "__init__.py").touch()
    return folder


def flash(station: VirtualStation, firmware: ImagePlan) -> None:
    plan = plan_image(firmware, {"station": station.id}, bytes(32))
    station.hold_in_repl()
    with BoardConnection(station.console_port) as board:
        write_image(board, plan)
        assert verify(board, plan).is_good
