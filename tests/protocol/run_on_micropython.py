# Runs in MicroPython, started by test_micropython.py: `micropython run_on_micropython.py PROJECT`.
"""Check every vector, and print how many cases ran and how many failed."""

import json
import sys

sys.path.insert(0, sys.argv[1])

from tests.protocol.vector_checks import CHECKS


def load(name):
    return getattr(__import__("protocol." + name), name)


ran = failed = 0
for group in sorted(CHECKS):
    with open(sys.argv[1] + "/protocol/vectors/" + group + ".json") as file:
        vectors = json.load(file)
    for vector in vectors:
        for check in CHECKS[group]:
            ran += 1
            try:
                check(vector, load)
            except Exception as error:
                failed += 1
                print("FAILED", group, repr(vector["name"]))
                sys.print_exception(error)
print("ran", ran, "failed", failed)
