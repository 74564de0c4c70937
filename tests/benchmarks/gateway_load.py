"""What the stations of a run send: sealed before the clock starts, as packets in a file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from protocol import topics
from protocol.cose import seal
from protocol.messages import Batch, Channel, Column, encode_data
from protocol.variables import INSTANT, MEDIAN, code_of
from rivergauge.basin import Basin, load_basin
from tests.benchmarks.publishers import publish_packet
from tests.conftest import PROJECT
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, hmac_sha256, write_key

__all__ = ["EMBEDDED", "INFLUXDB", "JOURNAL_ONLY", "STATIONS", "VALUES", "VICTORIA_METRICS", "Load", "batch_of",
           "make_basin", "write_packets"]  # fmt: skip

STATIONS = 200
VALUES = 3  # of each record: stage, water temperature, battery
JOURNAL_ONLY, EMBEDDED, VICTORIA_METRICS, INFLUXDB = "journal", "embedded", "VictoriaMetrics", "InfluxDB 1.6"


@dataclass(frozen=True)
class Load:
    """What one run sends, and where it goes."""

    store: str
    batch: int
    messages: int
    with_thresholds: bool = False
    per_s: int | None = None  # messages; as many as are taken where it is None

    @property
    def name(self) -> str:
        what = f"gateway to {self.store}{', rating and thresholds' if self.with_thresholds else ''}"
        return what if self.per_s is None else f"{what}, steady {self.per_s}/s"

    @property
    def values(self) -> int:
        return self.messages * self.batch * VALUES


def make_basin(with_thresholds: bool = False) -> Basin:
    basin = load_basin(PROJECT / "tests/gateway/basin.toml")
    upper = basin.stations[0]
    if not with_thresholds:
        upper = replace(upper, thresholds=(), rating=None)
    return replace(basin, stations=tuple(replace(upper, id=f"station-{number}") for number in range(STATIONS)))


def write_packets(file: Path, basin: Basin, keys: Path, load: Load) -> int:
    """Write the packets of a load, and the keys that the stations sealed them with; return how many bytes they are."""
    key = bytes(32)
    for station in basin.stations:
        write_key(keys, basin.code, station.id, "key-1", key)
    with file.open("wb") as packets:
        return sum(packets.write(packet) for packet in _packets(basin, key, load))


def _packets(basin: Basin, key: bytes, load: Load) -> Iterator[bytes]:
    """Yield the packets of all stations in turn, each station's records on the quarter hours of rising waters."""
    for number in range(load.messages):
        turn, at = divmod(number, len(basin.stations))
        topic = topics.topic(basin.code, basin.stations[at].id, "data")
        payload = encode_data(batch_of(turn * load.batch, load.batch, at))
        yield publish_packet(topic.encode(), seal(payload, key, b"key-1", topic, hmac_sha256), number)


def batch_of(first_no: int, count: int, at: int) -> Batch:
    """Return the batch of the station with the number `at` that begins with a record number."""
    numbers = range(first_no, first_no + count)
    stage = [500 + (number * 7 + at) % 41 for number in numbers]
    temperature = [800 + (number * 3 + at) % 97 for number in numbers]
    battery = [1250 + number % 13 for number in numbers]
    columns = [
        Column(Channel(1, code_of("stage_m"), MEDIAN, 0, -3), list(stage)),
        Column(Channel(2, code_of("water_temperature_c"), INSTANT, 0, -2), list(temperature)),
        Column(Channel(0, code_of("battery_v"), INSTANT, 0, -2), list(battery)),
    ]
    return Batch(7, first_no, [START_MS + number * RECORD_EVERY_MS for number in numbers], columns, 1, 0, 0)
