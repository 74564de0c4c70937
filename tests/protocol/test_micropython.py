"""The same vectors in the real MicroPython, and what encoding costs there."""

import re
import subprocess

from tests.protocol.builds import SOURCES
from tests.protocol.test_vectors import CASES


def run_in_micropython(micropython: str, script: str) -> str:
    """Return what a script of this folder prints; it must end with status 0."""
    project = SOURCES.parent
    command = [micropython, str(project / "tests" / "protocol" / script), str(project)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_vector_holds_in_micropython(part, count_cases):
    printed = run_in_micropython(part("micropython"), "run_on_micropython.py")
    assert printed.splitlines()[-1] == f"ran {len(CASES)} failed 0", printed
    count_cases("MicroPython", len(CASES))


def test_encoding_a_day_allocates_at_most_4_kib_beyond_the_output_buffer(part):
    printed = run_in_micropython(part("micropython"), "memory_on_micropython.py")
    found = re.fullmatch(r"allocated (\d+) for (\d+)\n", printed)
    assert found, printed
    assert int(found[1]) <= 4096
    assert int(found[2]) > 150
