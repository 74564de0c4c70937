"""The compiled modules: every `.py` with a `.pxd` beside it, and every `.pyx`. All else is in pyproject.toml."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

COMPILED_PACKAGES = ("protocol", "gateway")


def extensions() -> list[Extension]:
    sources = []
    for package in COMPILED_PACKAGES:
        sources += [path.with_suffix(".py") for path in Path(package).rglob("*.pxd") if path.with_suffix(".py").exists()]
        sources += Path(package).rglob("*.pyx")
    return [Extension(".".join(path.with_suffix("").parts), [str(path)], extra_compile_args=["-O2"]) for path in sorted(sources)]


setup(
    ext_modules=cythonize(
        extensions(),
        build_dir="build/cython",
        language_level=3,
        compiler_directives={"boundscheck": True, "wraparound": False, "embedsignature": True},
    )
)
