"""The builds of the protocol under CPython: compiled, and from its sources even where compiled files lie beside."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

SOURCES = Path(__file__).resolve().parents[2] / "protocol"
PURE = "pure_protocol"

Load = Callable[[str], ModuleType]


class _SourceFinder(importlib.abc.MetaPathFinder):
    """Finds the package `pure_protocol` in the sources of `protocol`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, name = fullname.partition(".")
        if package != PURE:
            return None
        source = SOURCES / f"{name or '__init__'}.py"
        places = None if name else [str(SOURCES)]
        return importlib.util.spec_from_file_location(fullname, source, submodule_search_locations=places)


def load_pure(name: str) -> ModuleType:
    """Return a module of the protocol, from its source."""
    if not any(isinstance(finder, _SourceFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _SourceFinder())
    module = importlib.import_module(f"{PURE}.{name}")
    assert str(module.__file__).endswith(".py")
    return module


def load_compiled(name: str) -> ModuleType:
    """Return a module of the protocol as the gateway gets it; those with types beside them must be compiled."""
    module = importlib.import_module(f"protocol.{name}")
    if (SOURCES / f"{name}.pxd").exists():
        suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
        assert str(module.__file__).endswith(suffixes), f"{module.__file__} is not compiled; run `make .venv/built`"
    return module


BUILDS: dict[str, Load] = {"pure": load_pure, "compiled": load_compiled}
