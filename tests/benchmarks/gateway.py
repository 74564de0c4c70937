"""The gateway under load: publishers in another process, Mosquitto, fsynced journal, receipts, store; shared cores.

A run ends when everything sent is stored in the store and its receipt is at the broker. The publishers' messages are
sealed before the clock starts. Stations have a rating and thresholds only where a row says so.

    python -m tests.benchmarks.gateway STORE BATCH MESSAGES     one run by itself, to be profiled
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from gateway.collecting import collect_rarely
from tests.benchmarks.gateway_alone import measure_link, measure_paho, measure_store
from tests.benchmarks.gateway_load import EMBEDDED, INFLUXDB, JOURNAL_ONLY, STATIONS, VICTORIA_METRICS, Load
from tests.benchmarks.gateway_run import measure
from tests.benchmarks.report import Report, Row, Target

__all__ = ["run", "run_backfill"]

SINGLES, BATCHES = 40_000, 6_000  # messages of a run
BACKFILL, WHOLE_BACKFILL = 200_000, 3_000_000  # messages; the whole one takes minutes and is run by its own name

JOURNALLED = Load(JOURNAL_ONLY, 1, SINGLES)
STEADY = Load(JOURNAL_ONLY, 1, 20_000, per_s=2_000)
SINGLES_STORED = [Load(store, 1, SINGLES) for store in (VICTORIA_METRICS, INFLUXDB)]
BATCHES_STORED = [Load(store, 96, BATCHES) for store in (VICTORIA_METRICS, INFLUXDB)]
LOADS = [
    JOURNALLED,
    STEADY,
    *SINGLES_STORED,
    Load(EMBEDDED, 1, SINGLES),
    Load(VICTORIA_METRICS, 1, SINGLES, with_thresholds=True),
    *BATCHES_STORED,
    Load(EMBEDDED, 96, BATCHES // 4),
    Load(VICTORIA_METRICS, 96, BATCHES // 4, with_thresholds=True),
]


def run() -> Report:
    """Measure every load, and the parts of a run by themselves."""
    load_before, cores = os.getloadavg()[0], os.cpu_count()
    with _fresh_process() as fresh:
        by_load = dict(zip(LOADS, fresh.map(measure, LOADS), strict=True))
        backfill = fresh.submit(measure, Load(JOURNAL_ONLY, 1, BACKFILL)).result()
        links = [fresh.submit(each, JOURNALLED).result() for each in (measure_paho, measure_link)]
        alone = [*links, *fresh.map(measure_store, BATCHES_STORED)]
    singles = max(by_load[load].messages_per_s for load in SINGLES_STORED)
    batches = max(by_load[load].more["values_per_s"] for load in BATCHES_STORED)
    return Report(
        "gateway",
        [
            "Messages are sealed before; Mosquitto, publishers, gateway and store share the cores.",
            f"{STATIONS} stations; a run ends with everything stored and every receipt at the broker.",
            f"{cores} cores, of which others kept {load_before:.1f} busy when it began.",
            "s/million values is processor time; p50 and p99 are from a message's arrival to its acknowledgement.",
            "VictoriaMetrics looks for garbage at 100 % of growth (GOGC=100), not at its own 30 %.",
            "VictoriaMetrics is read back before anything counts as stored, also in the row of it alone.",
        ],
        [*by_load.values(), _renamed(backfill, f"backfill of {BACKFILL:,} messages"), *alone],
        [
            Target("messages/s of one record, stored in VictoriaMetrics or InfluxDB 1.6", singles, 10_000, True),
            Target(
                "messages/s of one record, journalled, acknowledged and receipted",
                by_load[JOURNALLED].messages_per_s,
                25_000,
                True,
            ),
            Target("values/s in batches of 96 records, stored", batches, 1_000_000, True),
            Target(f"p99 ms to the acknowledgement at {STEADY.per_s}/s", by_load[STEADY].more["p99_ms"], 50),
            Target(f"MB at most in a backfill of {BACKFILL:,} messages", backfill.more["peak_mb"], 200),
        ],
    )


def run_backfill() -> Report:
    """Measure the memory that a gateway takes while stations send what they have held for days."""
    with _fresh_process() as fresh:
        row = fresh.submit(measure, Load(JOURNAL_ONLY, 1, WHOLE_BACKFILL)).result()
    what = f"MB at most in a backfill of {WHOLE_BACKFILL:,} messages"
    return Report("backfill", [], [row], [Target(what, row.more["peak_mb"], 200)])


def _fresh_process() -> ProcessPoolExecutor:
    """Return what does each task in a process of its own, so that none finds the memory of another."""
    return ProcessPoolExecutor(1, get_context("spawn"), collect_rarely, max_tasks_per_child=1)


def _renamed(row: Row, name: str) -> Row:
    return Row(name, row.batch, row.ns_per_value, row.messages_per_s, row.bytes_per_value, row.more)


if __name__ == "__main__":
    collect_rarely()
    store_kind, batch, messages = sys.argv[1:]
    print(measure(Load(store_kind, int(batch), int(messages))))
