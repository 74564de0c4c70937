"""The twin of batch_lines.pyx in plain Python: the same arrays, the same bytes."""

from collections.abc import Sequence

from protocol.data_reader import DataReader
from protocol.quality import MISSING, NOT_SCHEDULED
from protocol.variables import field_name

__all__ = ["BatchLines", "decimal"]


class BatchLines:
    """One batch after the other: `read`, then its arrays or its `lines`."""

    def __init__(self) -> None:
        self.reader = DataReader()
        self.columns: list[tuple[int, str, int, list[int], list[int], list[int]]] = []

    @property
    def column_count(self) -> int:
        return len(self.columns)

    def read(self, payload: bytes) -> None:
        """Read the whole message strictly; raise DecodeError, or ValueError for a variable without a name."""
        reader = self.reader
        self.columns = []  # until all of the message was checked
        columns = []
        reader.open(payload)
        while reader.next_column():
            name = field_name(reader.variable, reader.statistic)
            mantissas, qualities = list(reader.mantissas[: reader.count]), list(reader.qualities[: reader.count])
            reasons = list(reader.reasons[: reader.count])
            columns.append((reader.sensor_no, name, reader.exponent, mantissas, qualities, reasons))
        self.columns = columns

    def column(self, index: int) -> tuple[int, str, int, Sequence[int], Sequence[int]]:
        """Return (sensor, field name, exponent, mantissas, qualities) of a column."""
        if not 0 <= index < len(self.columns):
            raise IndexError(index)
        return self.columns[index][:5]

    def lines(self, place: bytes) -> bytes:
        """Return the lines of every record: `record`, and one `observation` per sensor with a value or its absence.

        `place` is `basin=...,station=...`, escaped. Raises ValueError when no message was read or the last refused.
        """
        if not self.columns:
            raise ValueError("there are no lines: read a message first")
        reader, where = self.reader, place.decode()
        sensors = list(dict.fromkeys(column[0] for column in self.columns))
        lines = []
        for index in range(reader.count):
            time_ms = reader.times_ms[index]
            lines.append(
                f"record,{where} log_id={reader.log_id}i,record_no={reader.first_record_no + index}i,"
                f"configuration_no={reader.configuration_no}i,clock_quality={reader.clock_quality}i,"
                f"test={int(reader.test)}i {time_ms}\n"
            )
            for sensor in sensors:
                fields = [text for column in self.columns if column[0] == sensor for text in _fields(column, index)]
                if fields:
                    lines.append(f"observation,{where},sensor={sensor} {','.join(fields)} {time_ms}\n")
        return "".join(lines).encode()


def _fields(column: tuple[int, str, int, list[int], list[int], list[int]], index: int) -> list[str]:
    _, name, exponent, mantissas, qualities, reasons = column
    if qualities[index] != MISSING:
        return [f"{name}={decimal(mantissas[index], exponent)}", f"{name}_quality={qualities[index]}i"]
    if reasons[index] == NOT_SCHEDULED:
        return []
    return [f"{name}_quality={MISSING}i"]


def decimal(mantissa: int, exponent: int) -> str:
    """Return mantissa * 10**exponent with all its decimals, and at least one digit before the point."""
    digits = f"{abs(mantissa):0{max(0, -exponent) + 1}}"
    text = digits + "0" * exponent if exponent >= 0 else f"{digits[:exponent]}.{digits[exponent:]}"
    return f"-{text}" if mantissa < 0 else text
