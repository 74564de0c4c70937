"""Constants in the modules of an image: put in by value, and their names left out."""

import ast

import pytest

from firmware.flash.inlining import inline_constants, module_name
from tests.conftest import PROJECT

BOARDS = {
    "virtual": {"board": "firmware/virtual/board", "": "firmware/virtual/rom"},
    "esp32": {"board": "firmware/boards/esp32", "boards/mcu": "firmware/boards/mcu"},
    "rp2": {"board": "firmware/boards/rp2", "boards/mcu": "firmware/boards/mcu"},
}
SHARED = {"station": "firmware/station", "protocol": "protocol"}


def inlined(text, **others):
    """Return what becomes of a module of the package `station` beside other modules of it."""
    sources = {"station/__init__.py": "", "station/app.py": text}
    sources |= {f"station/{name}.py": source for name, source in others.items()}
    return inline_constants(sources)["station/app.py"]


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        pytest.param("WAIT_MS = 20\nwait(WAIT_MS)\n", "pass\nwait(20)\n", id="number"),
        pytest.param("_WILL = b'gone'\nsend(_WILL)\n", "pass\nsend(b'gone')\n", id="bytes"),
        pytest.param("LOW = -3\nx = 1 - LOW\n", "pass\nx = 1 - (-3)\n", id="negative"),
        pytest.param("A = 2\nB = (A + 1) * 4 - 1 << 3\nx = B // A\n", "pass\npass\nx = 88 // 2\n", id="arithmetic"),
        pytest.param("LOW, HIGH = -1, 1\nx = (LOW, HIGH)\n", "pass\nx = ((-1), 1)\n", id="two at once"),
        pytest.param("_SIZE = struct.calcsize('<HI')\nx = _SIZE\n", "pass\nx = 6\n", id="size of a layout"),
        pytest.param(
            "from .other import LIMIT, take\ntake(LIMIT)\n", "from .other import take\ntake(5)\n", id="imported by name"
        ),
        pytest.param("from .other import LIMIT\nx = LIMIT\n", "pass\nx = 5\n", id="alone in its import"),
        pytest.param(
            "from station import other\nx = other.LIMIT\n",
            "from station import other\nx = 5\n",
            id="imported with its module",
        ),
        pytest.param(
            "from .between import LIMIT\nx = LIMIT\n", "pass\nx = 5\n", id="imported from where it is imported"
        ),
        pytest.param(
            "from .other import (\n    LIMIT,\n    take,\n)  # all\ntake('ü', LIMIT)\n",
            "from .other import take  # all\n\n\n\ntake('ü', 5)\n",
            id="in an import of many lines",
        ),
    ],
)
def test_a_constant_is_put_in_by_value_and_every_line_stays_in_its_place(text, becomes):
    assert inlined(text, other="LIMIT = 5\ndef take(*_): pass\n", between="from .other import LIMIT\n") == becomes


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("COUNT = 0\ndef add():\n    global COUNT\n    COUNT += 1\n", id="assigned again"),
        pytest.param("IS_ON = True\nx = IS_ON\n", id="no number, text or bytes"),
        pytest.param("SIZE = len(b'abc')\nx = SIZE\n", id="known only when it runs"),
        pytest.param("SIZE = struct.calcsize('l')\nx = SIZE\n", id="another on another processor"),
        pytest.param("LOW, HIGH = limits()\nx = HIGH\n", id="two of a call"),
        pytest.param("LOW, top = 1, 2\nx = top\n", id="beside a variable"),
        pytest.param("LOW = lowest = 5\nx = LOW + lowest\n", id="with a second name"),
        pytest.param("limit = 5\nx = limit\n", id="not in capitals"),
        pytest.param("LIMIT = 5\nx = f'at most {LIMIT}'\n", id="in an f-string"),
        pytest.param("BAUD = 9600\ndef baud(model): return model.BAUD\n", id="asked of an object that may be a module"),
        pytest.param("from select import POLLIN\nx = POLLIN\n", id="of MicroPython's own modules"),
    ],
)
def test_what_may_be_no_constant_stays_as_it_is(text):
    assert inlined(text) == text


def test_a_method_that_does_more_than_say_what_others_implement_stays():
    text = "class Port:\n    @property\n    def baud(self):\n        raise NotImplementedError\n"
    assert inlined(text) == text


def test_what_only_type_checkers_and_readers_need_is_left_out():
    text = (
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from typing import Any\n"
        "__all__ = [\n    'Port',\n]\nclass Port:\n    __slots__ = ('baud',)\n"
        "    def read(self):\n        '''Return bytes.'''\n        raise NotImplementedError\n"
    )
    assert inlined(text) == "pass\npass\n\npass\n\n\nclass Port:\n    pass\n    pass\n\n\n"


@pytest.mark.parametrize("board", BOARDS)
def test_no_module_of_an_image_asks_for_a_name_that_was_left_out(board):
    sources = {}
    for target, folder in (SHARED | BOARDS[board]).items():
        for path in (PROJECT / folder).rglob("*.py"):
            sources[f"{target}/{path.relative_to(PROJECT / folder)}".lstrip("/")] = path.read_text()
    told = {module_name(path): ast.parse(text) for path, text in inline_constants(sources).items()}
    for module, tree in told.items():
        asked = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id.isupper()}
        assert asked <= assigned_or_imported(tree), module
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module is not None and node.level < 2:
                origin = f"{module.rpartition('.')[0]}.{node.module}" if node.level else node.module
                constants = {alias.name for alias in node.names if alias.name.isupper()}
                assert origin not in told or constants <= assigned_or_imported(told[origin]), module


def assigned_or_imported(tree):
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return stored | {alias.asname or alias.name for node in imports for alias in node.names}
