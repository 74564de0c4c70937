"""The compiled modules: every `.py` with a `.pxd` beside it, and every `.pyx`. All else is in pyproject.toml."""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

COMPILED_PACKAGES = ("protocol", "gateway")


def extensions() -> list[Extension]:
    sources: list[Path] = []
    for package in map(Path, COMPILED_PACKAGES):
        sources += [typed.with_suffix(".py") for typed in package.rglob("*.pxd") if typed.with_suffix(".py").exists()]
        sources += package.rglob("*.pyx")
    return [Extension(".".join(source.with_suffix("").parts), [str(source)]) for source in sorted(sources)]


def compiled() -> list[Extension]:
    # An editable install compiles in a folder it throws away; the Makefile compiles in place, as a step of its own.
    if os.environ.get("RIVERGAUGE_COMPILE") == "later":
        return []
    found: list[Extension] = cythonize(
        extensions(),
        build_dir="build/cython",
        nthreads=2,
        language_level=3,
        compiler_directives={"boundscheck": True, "wraparound": False, "embedsignature": True},
    )
    return found


setup(ext_modules=compiled())
