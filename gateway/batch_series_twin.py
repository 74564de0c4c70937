"""The twin of batch_series.pyx in plain Python: the same bytes."""

import json
from collections.abc import Iterable, Sequence

from gateway.batch_lines_twin import BatchLines, decimal
from protocol.quality import MISSING, NOT_SCHEDULED

__all__ = ["series_of"]


def series_of(batch: BatchLines, labels: bytes) -> bytes:
    """Return one line of JSON for each series of the message that `batch` has read (/api/v1/import).

    `labels` is `"basin":"...","station":"..."`, escaped. Raises ValueError when no message was read, or it was refused.
    """
    if not batch.column_count:
        raise ValueError("there are no series: read a message first")
    reader, where = batch.reader, labels.decode()
    count, times_ms = reader.count, list(reader.times_ms[: reader.count])
    record = {
        "record_no": range(reader.first_record_no, reader.first_record_no + count),
        "log_id": [reader.log_id] * count,
        "configuration_no": [reader.configuration_no] * count,
        "clock_quality": [reader.clock_quality] * count,
        "test": [int(reader.test)] * count,
    }
    lines = [_line(f"record_{name}", where, numbers, times_ms) for name, numbers in record.items()]
    for sensor, name, exponent, mantissas, qualities, reasons in batch.columns:
        labels_of_sensor = f'{where},"sensor":"{sensor}"'
        valued = [index for index in range(count) if qualities[index] != MISSING]
        due = [index for index in range(count) if qualities[index] != MISSING or reasons[index] != NOT_SCHEDULED]
        values = [decimal(mantissas[index], exponent) for index in valued]
        if valued:
            lines.append(_line(f"observation_{name}", labels_of_sensor, values, [times_ms[at] for at in valued]))
        if due:
            numbers = [qualities[index] for index in due]
            lines.append(_line(f"observation_{name}_quality", labels_of_sensor, numbers, [times_ms[at] for at in due]))
    return "".join(lines).encode()


def _line(name: str, labels: str, values: Iterable[object], times_ms: Sequence[int]) -> str:
    metric = f'{{"__name__":{json.dumps(name)},{labels}}}'
    return f'{{"metric":{metric},"values":[{_listed(values)}],"timestamps":[{_listed(times_ms)}]}}\n'


def _listed(values: Iterable[object]) -> str:
    return ",".join(map(str, values))
