"""The station's suites in the real MicroPython: the same files that pytest runs under CPython."""

import ast
import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
FOLDER = Path(__file__).resolve().parent
RUNNER = FOLDER / "run_micropython.py"
SUITE_LIMIT_S = 1800  # of the longest form of a suite; pytest has a shorter one for what `make test` runs
HEAP_OPTION = "heapsize=8m"  # flash of half a MiB in one piece, and the sources compiled
FIRST_LINE = "# Shared dialect: runs on MicroPython, and on CPython."
SUITES = sorted(path for path in FOLDER.glob("test_*.py") if path.read_text().startswith(FIRST_LINE))


def names_of_tests(path):
    """Return the names of the test functions as CPython's parser sees them."""
    return sorted(
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.stem)
def test_the_suite_passes_on_micropython(suite, part, count_cases, tmp_path):
    done = subprocess.run(
        [part("micropython"), "-X", HEAP_OPTION, str(RUNNER), f"tests.firmware.station.{suite.stem}"],
        cwd=PROJECT,
        env={**os.environ, "MICROPYPATH": str(PROJECT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=SUITE_LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("passed ")]
    assert sorted(passed) == names_of_tests(suite)
    count_cases("MicroPython", len(passed))


def test_the_suites_were_found():
    assert len(SUITES) >= 8
