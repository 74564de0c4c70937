"""Run test modules in MicroPython: `micropython run_micropython.py MODULE...` prints one line per test, then the count."""

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
print("ran %d passed %d failed %d" % (len(passed) + len(failed), len(passed), len(failed)))
sys.exit(1 if failed else 0)
