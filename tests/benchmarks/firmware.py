"""The station: what a record costs in flash, time awake and bytes on the air; the whole firmware in MicroPython.

A week of bench time with a river, a broker and the gateway, as `rivergauge station simulate` runs them. What lies below
MQTT is not on a virtual station's line and is reckoned from the packets of an exchange.
"""

import resource
import tempfile
from dataclasses import replace
from pathlib import Path

from firmware.virtual.host import VirtualStation, synthetic_flood
from firmware.virtual.host.process import HEAP_OPTION
from gateway.journal import Journal
from protocol.messages import decode_event
from rivergauge.basin import Basin, Sampling, load_basin
from rivergauge.rig import Rig
from tests.benchmarks.floods import describe, flood_rows
from tests.benchmarks.report import Disagreement, Report, Row, Target
from tests.conftest import PROJECT

__all__ = ["run"]

START_MS = 1_775_001_600_000  # midnight
DAY_MS = 86_400_000
DAYS = 7
RECORD_EVERY_S = 900
HEAP_BYTES = int(HEAP_OPTION.removeprefix("heapsize=").removesuffix("k")) * 1024
SENDING_EVERY_S = {"a record every quarter hour, sent at once": 900, "the same, sent every six hours": 21_600}

# One exchange: SYN and FIN each way with their acknowledgements; then CONNECT, CONNACK, what is published, PUBACKs with
# the receipt, its PUBACK with DISCONNECT, each segment acknowledged. IPv4 and TCP without options.
HEADERS_BYTES = 40
SEGMENTS = 7 + 2 * 5
# A full handshake of TLS 1.2 with one certificate on a P-256 key, and the frame and tag of each record that follows.
TLS_HANDSHAKE_BYTES = 2300
TLS_RECORDS, TLS_RECORD_BYTES = 5, 29


def run() -> Report:
    rows = [measure(name, send_every_s) for name, send_every_s in SENDING_EVERY_S.items()]
    return Report(
        "station",
        [
            f"{DAYS} days of one MaxBotix sensor, 4 values to a record; bytes in both directions; CPU of this machine.",
            "Heap when the day's health is told, at the start of an exchange, with the simulated chip's share.",
            f"Below MQTT, reckoned: {SEGMENTS} segments of {HEADERS_BYTES} bytes for an exchange; with TLS a handshake"
            f" of {TLS_HANDSHAKE_BYTES} bytes and {TLS_RECORD_BYTES} for each record.",
            *map(describe, flood_rows()),
        ],
        rows,
        [
            Target("erases per record, queue and file system", rows[0].more["erases_per_record"], 0.02),
            Target("erases per record, sent every six hours", rows[1].more["erases_per_record"], 0.02),
        ],
    )


def measure(name: str, send_every_s: int) -> Row:
    """Return what a station costs that sends at this interval; raise Disagreement when a record is missing."""
    basin = _basin(send_every_s)
    station_id = basin.stations[0].id
    exchanges = DAY_MS // (send_every_s * 1000)
    with (
        tempfile.TemporaryDirectory() as folder,
        Rig(Path(folder), basin, {station_id: synthetic_flood(START_MS)}, START_MS) as rig,
    ):
        rig.flash()
        virtual = rig.stations[station_id]
        rig.run_until(START_MS + DAY_MS)
        before = _costs(virtual)
        rig.run_until(START_MS + (DAYS + 1) * DAY_MS)
        erases, wakes, cpu_s = (after - then for after, then in zip(_costs(virtual), before, strict=True))
        (account,) = rig.finish(START_MS + (DAYS + 1) * DAY_MS)
        facts = _last_health(rig.settings.journal, station_id)
    if account.lost_ms:
        raise Disagreement(f"{name}: {len(account.lost_ms)} records are missing")
    records = DAYS * DAY_MS // (RECORD_EVERY_S * 1000)
    values, a_day = 4 * records, int(facts["bytes_today"])
    tcp_a_day = a_day + exchanges * SEGMENTS * HEADERS_BYTES
    return Row(
        name, records // (DAYS * exchanges), cpu_s * 1e9 / values, DAYS * exchanges / cpu_s, a_day * DAYS / values,
        {
            "erases_per_record": erases / records,
            "awake_s_per_record": int(facts["awake_ms"]) / 1000 * wakes / records,
            "bytes_per_record": a_day * DAYS / records,
            "mqtt_bytes_per_day": a_day,
            "tcp_bytes_per_day": tcp_a_day,
            "tls_bytes_per_day": tcp_a_day + exchanges * (TLS_HANDSHAKE_BYTES + TLS_RECORDS * TLS_RECORD_BYTES),
            "heap_in_use": HEAP_BYTES - int(facts["free_heap"]),
            "cpu_ms_per_wake": cpu_s * 1000 / wakes,
        },
    )  # fmt: skip


def _basin(send_every_s: int) -> Basin:
    basin = load_basin(PROJECT / "deploy" / "basin.toml")
    sampling = Sampling(RECORD_EVERY_S, send_every_s)
    station = replace(basin.stations[0], sampling=sampling, upstream=(), thresholds=(), rating=None)
    return replace(basin, stations=(station,))


def _costs(virtual: VirtualStation) -> tuple[int, int, float]:
    """Return (erases, wakes, CPU seconds of the runs that have ended), all since the start."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return virtual.flash.erases, virtual.wakes, used.ru_utime + used.ru_stime


def _last_health(path: Path, station_id: str) -> dict[str, int | str]:
    journal = Journal(path)
    journal.open()
    try:
        events = [decode_event(report.payload) for report in journal.reports("event", station_id)]
    finally:
        journal.close()
    return [event.facts for event in events if event.name == "health"][-1]
