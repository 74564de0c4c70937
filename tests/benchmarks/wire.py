"""From an authenticated message to line protocol: our wire beside its peers, and how many bytes a day takes."""

import statistics
from collections.abc import Callable, Sequence
from importlib.metadata import version

from tests.benchmarks import wire_peers as peers
from tests.benchmarks.points import parse_points, refuse_disagreement
from tests.benchmarks.report import Disagreement, Report, Row, Target
from tests.benchmarks.river_records import Days, Record, river_days
from tests.benchmarks.timing import time_calls
from tests.benchmarks.wire_rows import WireRow, our_payload, wire_rows

__all__ = ["check_agreement", "refuse_old_cbor2", "run"]

CHANNELS = 3
BATCHES = {1: 48, 4: 24, 96: 12}  # records in a message -> messages of one run
FIRST_RECORD_NO = 123_456
CBOR2_MAJOR = 6  # its decoder became several times faster then: an older one would flatter us
WITHOUT_MAC = "ns_per_value_without_mac"
OURS, POINT, FSTRINGS = "ours, compiled", "cbor2 + influxdb-client Point", "cbor2 + f-strings"

Messages = list[Sequence[Record]]


def run() -> Report:
    """Measure every row at every batch size; raise Disagreement where they do not do the same work."""
    cbor2_version = version("cbor2")
    refuse_old_cbor2(cbor2_version)
    days, rows = river_days(), wire_rows()
    measured: list[Row] = []
    for batch, count in BATCHES.items():
        batches = _batches(days, batch, count)
        check_agreement(rows, batches)
        measured += _measure(rows, batches)
    sizes = _sizes(days, rows[0])
    notes = [
        f"Records: {days.source}; battery: a synthetic curve of charge by day and load by night.",
        "Stage to 0.1 mm, temperature to 0.01 C, battery to 0.01 V. A value is one channel of one record.",
        f"Message to line protocol in one buffer; an HMAC-SHA-256 is verified first. cbor2 {cbor2_version}.",
        "Processor time of one core, median of several runs in turn; in brackets: times the first row of the batch.",
        "Ours through gateway.hmac_sha256, which keeps what depends on the key alone; the peers through hmac.digest.",
        "Peers: one CBOR map with a column of floats per channel; SenML with name and unit said once per channel.",
        *(f"A day, MAC and all: {name} {mean:.2f} bytes per value." for name, mean in sizes.items()),
    ]
    return Report("The wire: authenticated message to line protocol", notes, measured, _targets(measured, sizes))


def refuse_old_cbor2(found: str) -> None:
    if int(found.split(".")[0]) < CBOR2_MAJOR:
        raise Disagreement(f"cbor2 {found} is installed, expected {CBOR2_MAJOR} or later; run `make .venv/developer`")


def check_agreement(rows: Sequence[WireRow], batches: Messages) -> None:
    """Raise Disagreement unless every row gives the points of the first, of the measurements it can express."""
    for records in batches:
        expected = parse_points(rows[0].lines(rows[0].open(_message(rows[0], records))))
        for row in rows:
            found = parse_points(row.lines(row.open(_message(row, records))))
            wanted = {point for point in expected if point.measurement in row.measurements}
            refuse_disagreement(row.name, found, wanted)


def _measure(rows: Sequence[WireRow], batches: Messages) -> list[Row]:
    values = CHANNELS * len(batches[0])
    messages = {row.name: [_message(row, records) for records in batches] for row in rows}
    payloads = {row.name: [row.open(message) for message in messages[row.name]] for row in rows}
    timed = time_calls(
        {(row.name, True): (_opening(row), messages[row.name]) for row in rows}
        | {(row.name, False): (row.work, payloads[row.name]) for row in rows}
    )
    return [
        Row(
            row.name,
            len(batches[0]),
            ns_per_value=timed[row.name, True] / values,
            messages_per_s=1e9 / timed[row.name, True],
            bytes_per_value=statistics.mean(map(len, messages[row.name])) / values,
            more={WITHOUT_MAC: timed[row.name, False] / values},
        )
        for row in rows
    ]


def _opening(row: WireRow) -> Callable[[bytes], object]:
    open_, work = row.open, row.work
    return lambda message: work(open_(message))


def _message(row: WireRow, records: Sequence[Record]) -> bytes:
    return row.seal(row.encode(records, FIRST_RECORD_NO))


def _batches(days: Days, size: int, count: int) -> Messages:
    """Return `count` batches of `size` records, spread over the days there are."""
    step = max(1, len(days.days) // count)
    chosen = [days.days[(n * step) % len(days.days)] for n in range(count)]
    starts = [n * size % (len(day) - size + 1) for n, day in enumerate(chosen)]
    return [day[start : start + size] for day, start in zip(chosen, starts, strict=True)]


def _sizes(days: Days, ours: WireRow) -> dict[str, float]:
    """Return the mean bytes per value of a day in each encoding; all but ours with a bare tag of 8 bytes."""
    encodings = {
        "ours": lambda day: len(ours.seal(our_payload(day, FIRST_RECORD_NO))),
        "SenML-CBOR, doubles": lambda day: len(peers.senml_in_cbor(day, peers.as_float)) + peers.TAG_BYTES,
        "SenML-CBOR, decimal fractions": lambda day: len(peers.senml_in_cbor(day, peers.as_decimal)) + peers.TAG_BYTES,
        "JSON, an object per record": lambda day: len(peers.objects_in_json(day)) + peers.TAG_BYTES,
    }
    return {
        name: statistics.mean(size_of(day) / (CHANNELS * len(day)) for day in days.days)
        for name, size_of in encodings.items()
    }


def _targets(rows: Sequence[Row], sizes: dict[str, float]) -> list[Target]:
    by_name = {(row.name, row.batch): row for row in rows}
    day, one = by_name[OURS, 96], by_name[OURS, 1]
    senml = min(mean for name, mean in sizes.items() if name.startswith("SenML"))
    return [
        Target("96 records, ours: ns per value", day.ns_per_value, 25),
        Target("96 records: times faster than Point", by_name[POINT, 96].ns_per_value / day.ns_per_value, 80, True),
        Target(
            "96 records: times faster than f-strings", by_name[FSTRINGS, 96].ns_per_value / day.ns_per_value, 12, True
        ),
        Target("1 record: times faster than f-strings", by_name[FSTRINGS, 1].ns_per_value / one.ns_per_value, 2, True),
        Target(
            "1 record without MAC: times faster than f-strings",
            by_name[FSTRINGS, 1].more[WITHOUT_MAC] / one.more[WITHOUT_MAC],
            4,
            True,
        ),
        Target("a day, ours: bytes per value", sizes["ours"], 1.5),
        Target("a day: times smaller than SenML-CBOR", senml / sizes["ours"], 12, True),
        Target("a day: times smaller than JSON", sizes["JSON, an object per record"] / sizes["ours"], 30, True),
    ]
