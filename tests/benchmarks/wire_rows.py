"""The rows of the wire benchmark: each makes its message of records, and line protocol of its message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

from gateway import batch_lines, batch_lines_twin
from gateway.hmac_sha256 import hmac_sha256
from protocol.messages import Batch, Channel, Column, encode_data
from protocol.variables import INSTANT, MEDIAN, code_of
from tests.benchmarks import wire_peers as peers
from tests.benchmarks.river_records import Record
from tests.protocol.builds import load_compiled, load_pure

__all__ = ["WireRow", "our_payload", "wire_rows"]

KEY, KEY_ID, TOPIC = bytes(range(32)), b"uchkurgan-1", "rg/1/syr-darya/uchkurgan/data"
PLACE = peers.PLACE.encode()

Bytes = Callable[[bytes], bytes]
ALL_MEASUREMENTS = ("record", "observation")
SENML_MEASUREMENTS = ("observation",)  # it has no word for log, record number and configuration


@dataclass(frozen=True)
class WireRow:
    """`encode` makes a payload, `seal` a message of it, `open` the payload again; `work` is what is measured behind it.

    `lines` gives the line protocol of a payload for the comparison: `work` itself, but where that makes none. Only
    the points of `measurements` are compared.
    """

    name: str
    encode: Callable[[Sequence[Record], int], bytes]
    seal: Bytes
    open: Bytes
    work: Callable[[bytes], object]
    lines: Bytes
    measurements: tuple[str, ...] = ALL_MEASUREMENTS


def our_payload(records: Sequence[Record], first_record_no: int) -> bytes:
    columns = [
        Column(Channel(1, code_of("stage_m"), MEDIAN, 0, -4), [record.stage for record in records]),
        Column(Channel(1, code_of("water_temperature_c"), MEDIAN, 0, -2), [record.temperature for record in records]),
        Column(Channel(2, code_of("battery_v"), INSTANT, 0, -2), [record.battery for record in records]),
    ]
    times_ms = [record.at_ms for record in records]
    first_no = first_record_no
    return encode_data(Batch(peers.LOG_ID, first_no, times_ms, columns, peers.CONFIGURATION_NO, first_no, first_no))


def wire_rows() -> list[WireRow]:
    """Return the rows, ours compiled first: the others are compared with it."""
    compiled = batch_lines.BatchLines()
    pure = batch_lines_twin.BatchLines()
    # The twin reads with whichever build is imported; here it must be the source.
    pure.reader = load_pure("data_reader").DataReader()
    return [
        _ours("ours, compiled", load_compiled("cose"), compiled),
        _ours("ours, pure", load_pure("cose"), pure),
        _peer("cbor2 + influxdb-client Point", _columns, lambda it: peers.write_with_points(peers.read_columns(it))),
        _peer("cbor2 + f-strings", _columns, _fstrings),
        _peer("cbor2.loads alone", _columns, peers.read_columns, _fstrings),
        _peer("SenML-CBOR through cbor2", _senml, peers.write_senml, measurements=SENML_MEASUREMENTS),
    ]


def _ours(name: str, cose: ModuleType, writer: batch_lines.BatchLines | batch_lines_twin.BatchLines) -> WireRow:
    keys = {KEY_ID: KEY}

    def work(payload: bytes) -> bytes:
        writer.read(payload)
        return writer.lines(PLACE)

    return WireRow(
        name,
        our_payload,
        seal=lambda payload: cose.seal(payload, KEY, KEY_ID, TOPIC, hmac_sha256),
        open=lambda message: cose.open_sealed(message, keys, TOPIC, hmac_sha256),
        work=work,
        lines=work,
    )


def _peer(
    name: str,
    encode: Callable[[Sequence[Record], int], bytes],
    work: Callable[[bytes], object],
    lines: Bytes | None = None,
    measurements: tuple[str, ...] = ALL_MEASUREMENTS,
) -> WireRow:
    topic = TOPIC.encode()
    return WireRow(
        name,
        encode,
        seal=lambda payload: peers.tagged(payload, KEY, topic),
        open=lambda message: peers.open_tagged(message, KEY, topic),
        work=work,
        lines=lines or work,
        measurements=measurements,
    )


def _columns(records: Sequence[Record], first_record_no: int) -> bytes:
    return peers.columns_in_cbor(records, first_record_no)


def _senml(records: Sequence[Record], _first_record_no: int) -> bytes:
    return peers.senml_in_cbor(records, peers.as_float)


def _fstrings(payload: bytes) -> bytes:
    return peers.write_with_fstrings(peers.read_columns(payload))
