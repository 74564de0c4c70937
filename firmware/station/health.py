# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""How a station is: counters that outlast every reset, and what it reports of itself."""

import gc
import json

from .hal import BROWN_OUT, WATCHDOG

_FILE = "/health.json"
_LOW_VOLTAGE = "low_voltage_events"
_RESETS = {WATCHDOG: "watchdog_resets", BROWN_OUT: "brown_outs"}


class Counters:
    """Numbers by name in a file of the folder `root`; `kept` is what `pack` gave before the last deep sleep.

    Flash is written when a report was told and for what may come before the supply fails, so that a sensor that fails
    at every wake wears none; what was counted since is lost with the power.
    """

    def __init__(self, root, kept=b""):
        self._path = root + _FILE
        self._added = json.loads(kept) if kept else {}

    def pack(self):
        """Return the bytes to keep through deep sleep."""
        return json.dumps(self._added).encode() if self._added else b""

    def add(self, name, count=1):
        self._added[name] = self._added.get(name, 0) + count

    def add_reset(self, cause):
        """Count a start that says that something went wrong before."""
        if cause in _RESETS:
            self.add(_RESETS[cause])
            self.save()

    def add_low_voltage(self):
        """Count a battery that fell below a limit, on flash at once: the supply may be about to fail."""
        self.add(_LOW_VOLTAGE)
        self.save()

    def add_faults(self, faults):
        """Count what `Sampler.put_away` returned."""
        for sensor_no, (silent, broken) in faults.items():
            self.add("silent_%d" % sensor_no, silent)
            self.add("broken_%d" % sensor_no, broken)

    def totals(self):
        """Return {name: count} since the file system was made, what is not written yet included."""
        totals = {}
        try:
            with open(self._path) as file:
                totals.update(json.load(file))
        except (OSError, ValueError):
            pass  # none counted yet, or a torn file: counting begins anew
        for name, count in self._added.items():
            totals[name] = totals.get(name, 0) + count
        return totals

    def save(self):
        """Write what was added; what a full file system does not take stays for the next time."""
        if self._added:
            totals = self.totals()
            try:
                with open(self._path, "w") as file:
                    json.dump(totals, file)
            except OSError:
                return
            self._added = {}


def health_facts(board, memory, queue, clock, power, counters):
    """Return the facts of a health report; `sensor_faults` has sensor:silent/broken for each sensor with any."""
    battery_v = board.battery_v()
    oldest_pending_no = queue.oldest_pending_no()
    totals = counters.totals()
    facts = {
        "boot_no": memory.boot_no,
        "reset_cause": board.reset_cause(),
        "next_record_no": queue.next_record_no,
        "oldest_pending": oldest_pending_no,
        "queue_depth": queue.next_record_no - oldest_pending_no,
        "queue_erases": queue.erases(),
        "clock_quality": clock.quality(),
        "clock_drift_ppb": clock.drift_ppb(),
        "bytes_today": memory.bytes_today,
        "monotonic_ms": board.monotonic_ms(),
        "skipped_instants": totals.get("skipped_instants", 0),
        "sensor_faults": _sensor_faults(totals),
    }
    for name in [_LOW_VOLTAGE] + list(_RESETS.values()):
        facts[name] = totals.get(name, 0)
    facts.update(power.facts())
    if battery_v is not None:
        facts["battery_mv"] = round(battery_v * 1000)
    if hasattr(gc, "mem_free"):  # MicroPython alone can say it
        gc.collect()
        facts["free_heap"] = gc.mem_free()
    return facts


def _sensor_faults(totals):
    sensors = sorted({int(name.split("_")[1]) for name in totals if name.startswith(("silent_", "broken_"))})
    return " ".join(
        "%d:%d/%d" % (each, totals.get("silent_%d" % each, 0), totals.get("broken_%d" % each, 0)) for each in sensors
    )
