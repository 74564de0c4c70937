"""Run test modules in MicroPython: one line per test, then the count.

micropython tests/firmware/station/run_micropython.py MODULE...
"""

import sys


def run(module_names):
    """Call every `test_` function of the modules; return (passed names, failed names)."""
    passed = []
    failed = []
    for module_name in module_names:
        module = __import__(module_name, None, None, ["*"])
        for name in sorted(name for name in dir(module) if name.startswith("test_")):
            try:
                getattr(module, name)()
                passed.append(name)
                print("passed", module_name, name)
            except Exception as error:
                failed.append(name)
                print("FAILED", module_name, name)
                sys.print_exception(error)
    return passed, failed


passed, failed = run(sys.argv[1:])
print(f"ran {len(passed) + len(failed)} passed {len(passed)} failed {len(failed)}")
sys.exit(1 if failed else 0)
