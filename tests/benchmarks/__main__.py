"""Run the benchmarks: `python -m tests.benchmarks [NAME...]`; without a name, all but the long backfill."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from tests.benchmarks import firmware, gateway, wire
from tests.benchmarks.listing import print_report
from tests.benchmarks.report import Disagreement, Report
from tests.conftest import PROJECT

BENCHMARKS: dict[str, Callable[[], Report]] = {
    "wire": wire.run,
    "gateway": gateway.run,
    "backfill": gateway.run_backfill,
    "station": firmware.run,
}
ONLY_BY_NAME = {"backfill"}  # it takes minutes
RESULTS = PROJECT / "bench.json"
WIDTH = 170  # of the tables where there is no terminal


def main(arguments: list[str], benchmarks: Mapping[str, Callable[[], Report]], results: Path) -> int:
    """Run and write the results; return 0, or 1 where rows may not be compared. A missed target is no failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(benchmarks)}")
    names = parser.parse_args(arguments).names or [name for name in benchmarks if name not in ONLY_BY_NAME]
    unknown = [name for name in names if name not in benchmarks]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; expected {', '.join(benchmarks)}")
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    rows = []
    for name in names:
        try:
            report = benchmarks[name]()
        except Disagreement as error:
            console.print(f"{name}: {error}", style="red", markup=False)
            return 1
        print_report(console, report)
        rows += [row.as_json() for row in report.rows]
    results.write_text(json.dumps(rows, indent=1) + "\n")
    console.print(f"{len(rows)} rows written to {results.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], BENCHMARKS, RESULTS))
