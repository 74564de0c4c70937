# Shared dialect: runs on MicroPython and CPython.
"""Records of a station, as columns: what a data message means."""

from .quality import SYNCHRONISED

# Bounds of version 1; protocol/telemetry.cddl is normative.
RECORDS_LIMIT = 512
COLUMNS_LIMIT = 64
GAPS_LIMIT = 32
UINT32_LIMIT = 0xFFFFFFFF
CONFIGURATION_LIMIT = 0xFFFF
SENSOR_LIMIT = 255
VARIABLE_LIMIT = 255
REASON_LIMIT = 23  # codes of missing values: what one byte holds
MANTISSA_LIMIT = 0x7FFFFFFF
EXPONENT_LOW, EXPONENT_HIGH = -9, 6
INTERVAL_LIMIT_S = 2_678_400  # 31 days
OFFSET_LIMIT = 0x3FFFFFFFFFF  # of a time from its regular instant, in the unit of the times: 2**42 - 1
TIME_LIMIT_MS = 0xFFFFFFFF * 1000 + 999  # 7 February 2106


class Channel:
    """What a column holds: value = mantissa * 10**exponent, of the interval that ends at the record's time.

    `interval_s` is 0 for an instant. `variable` and `statistic` are codes of protocol.variables.
    """

    __slots__ = ("exponent", "interval_s", "sensor_no", "statistic", "variable")

    def __init__(self, sensor_no: int, variable: int, statistic: int, interval_s: int, exponent: int) -> None:
        self.sensor_no = sensor_no
        self.variable = variable
        self.statistic = statistic
        self.interval_s = interval_s
        self.exponent = exponent

    def key(self) -> tuple[int, int, int, int, int]:
        return self.sensor_no, self.variable, self.statistic, self.interval_s, self.exponent

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Channel) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())


class Column:
    """The values of one channel, one mantissa per record.

    A mantissa is None where there is no value; `null_reasons` then has its reason by index (NO_READING if not said).
    `qualities` has the quality of a value by index where it is not GOOD. `resets` lists the indices before which a
    running total went back to zero.
    """

    __slots__ = ("channel", "mantissas", "null_reasons", "qualities", "resets")

    def __init__(
        self,
        channel: Channel,
        mantissas: list[int | None],
        null_reasons: dict[int, int] | None = None,
        qualities: dict[int, int] | None = None,
        resets: list[int] | None = None,
    ) -> None:
        self.channel = channel
        self.mantissas = mantissas
        self.null_reasons = null_reasons or {}
        self.qualities = qualities or {}
        self.resets = resets or []


class Batch:
    """Records `first_record_no` ... of the log `log_id`, one per time.

    `times_ms` are Unix milliseconds, strictly rising. `oldest_held` is the lowest record number still in the station's
    queue; every record below `receipted` was receipted or told as a gap. `gaps` are (first, last) of records that were
    overwritten before they were sent. `test` marks records made during maintenance or on the bench.
    """

    __slots__ = (
        "clock_quality",
        "columns",
        "configuration_no",
        "first_record_no",
        "gaps",
        "log_id",
        "oldest_held",
        "receipted",
        "test",
        "times_ms",
    )

    def __init__(
        self,
        log_id: int,
        first_record_no: int,
        times_ms: list[int],
        columns: list[Column],
        configuration_no: int,
        oldest_held: int,
        receipted: int,
        clock_quality: int = SYNCHRONISED,
        gaps: list[tuple[int, int]] | None = None,
        test: bool = False,
    ) -> None:
        self.log_id = log_id
        self.first_record_no = first_record_no
        self.times_ms = times_ms
        self.columns = columns
        self.configuration_no = configuration_no
        self.oldest_held = oldest_held
        self.receipted = receipted
        self.clock_quality = clock_quality
        self.gaps = gaps or []
        self.test = test
