"""Valid messages, by what they mean; their bytes are made by the encoder and checked by an independent reader."""

T0_MS = 1_535_673_600_000  # 2018-08-31T00:00:00Z
QUARTER_MS = 900_000
UINT32 = 2**32 - 1
HASH = bytes(range(32)).hex()


def column(mantissas, **changes):
    """Return the meaning of a stage column with some things changed."""
    plain = {
        "sensor_no": 1,
        "variable": 1,
        "statistic": 1,
        "interval_s": 0,
        "exponent": -3,
        "mantissas": mantissas,
        "null_reasons": [],
        "qualities": [],
        "resets": [],
    }
    return plain | changes


def batch(*columns, **changes):
    """Return the meaning of a batch of quarter hours with some things changed."""
    count = len(columns[0]["mantissas"])
    plain = {
        "log_id": 0xC0FFEE01,
        "first_record_no": 1000,
        "times_ms": [T0_MS + QUARTER_MS * index for index in range(count)],
        "columns": list(columns),
        "configuration_no": 1,
        "oldest_held": 1000,
        "receipted": 1000,
        "clock_quality": 0,
        "gaps": [],
        "test": False,
    }
    return plain | changes


def day(rise, noise):
    """Return 96 mantissas: a flood wave of `rise` with a repeating noise."""
    return [1200 + rise * min(index, 95 - index) ** 2 // 2256 + noise * (index * 7 % 5 - 2) for index in range(96)]


NULLS = [[index, reason] for index, reason in enumerate((0, 1, 2, 3, 4, 5, 6, 7, 8, 23), start=1)]
VALID_DATA = {
    "one record of one channel": batch(column([1234])),
    "two records that differ by one": batch(column([1234, 1235])),
    "two records that do not differ": batch(column([1234, 1234])),
    "stage below the datum": batch(column([-250, -251, -249])),
    "a mantissa of zero": batch(column([0])),
    "the largest and the smallest mantissa": batch(column([2**31 - 1, 1 - 2**31, 2**31 - 1])),
    "the smallest exponent": batch(column([5], exponent=-9)),
    "the largest exponent": batch(column([5], exponent=6)),
    "the highest sensor number": batch(column([5], sensor_no=255)),
    "the lowest sensor number": batch(column([5], sensor_no=0)),
    "a variable this version has no name for": batch(column([5], variable=255)),
    "a constant column": batch(column([1300] * 96, variable=7, exponent=-2)),
    "a steady rise, packed as changes of the difference": batch(column([1000 + 17 * index for index in range(96)])),
    "a noisy level, packed as differences": batch(column([1000 + 13 * (index * 7 % 11) for index in range(96)])),
    "one jump in a calm day": batch(column([1000 + index % 2 for index in range(40)] + [90000] * 8)),
    "a day of three channels": batch(
        column(day(1800, 3)),
        column(day(300, 1), variable=5, exponent=-2),
        column([1280 + index // 9 for index in range(96)], sensor_no=2, variable=7, statistic=0, exponent=-2),
    ),
    "the most records": batch(column([1000 + index % 7 for index in range(512)])),
    "the most channels": batch(*[column([index, index + 1], sensor_no=index) for index in range(64)]),
    "first value missing": batch(column([None, 1, 2], null_reasons=[[0, 1]])),
    "last value missing": batch(column([1, 2, None], null_reasons=[[2, 2]])),
    "no value at all": batch(column([None, None], null_reasons=[[0, 1], [1, 1]])),
    "every reason for a missing value": batch(column([7] + [None] * 10 + [9], null_reasons=NULLS)),
    "an hourly channel among quarter hours": batch(
        column([1, 2, 3, 4, 5, 6, 7, 8]),
        column(
            [7, None, None, None, 8, None, None, None], variable=5, null_reasons=[[i, 0] for i in (1, 2, 3, 5, 6, 7)]
        ),
    ),
    "every quality": batch(column([1, 2, 3, 4, 5], qualities=[[1, 2], [2, 3], [3, 4]])),
    "a run of suspect values": batch(column([1] * 9, qualities=[[index, 3] for index in range(2, 8)])),
    "missing and suspect values side by side": batch(
        column([1, None, 3, 4], null_reasons=[[1, 2]], qualities=[[0, 3], [2, 3]])
    ),
    "a running total with a reset": batch(column([40, 42, 0, 3], variable=8, statistic=7, exponent=-1, resets=[2])),
    "a reset before the first record": batch(column([0, 1], variable=15, statistic=7, exponent=0, resets=[0])),
    "missing, suspect and reset": batch(
        column([5, None, 0, 1], variable=8, statistic=7, null_reasons=[[1, 1]], qualities=[[3, 2]], resets=[2])
    ),
    "every statistic of a burst": batch(
        *[column([100 + code], variable=2, statistic=code, interval_s=60 * (code > 1)) for code in range(7)]
    ),
    "the longest interval": batch(column([5], statistic=2, interval_s=2_678_400)),
    "the beginning of time": batch(column([5]), times_ms=[0]),
    "the end of time": batch(column([5]), times_ms=[UINT32 * 1000 + 999]),
    "the last whole second": batch(column([5]), times_ms=[UINT32 * 1000]),
    "a regular tenth of a second": batch(column([5, 6, 7]), times_ms=[T0_MS + 100 * index for index in range(3)]),
    "one record at a millisecond": batch(column([5]), times_ms=[T0_MS + 1]),
    "a missed quarter hour": batch(column([5, 6, 7]), times_ms=[T0_MS, T0_MS + QUARTER_MS, T0_MS + 3 * QUARTER_MS]),
    "irregular milliseconds": batch(column([5, 6, 7, 8]), times_ms=[T0_MS, T0_MS + 7, T0_MS + 1009, T0_MS + 1010]),
    "denser sampling in a flood": batch(
        column([5, 6, 7, 8]),
        times_ms=[T0_MS, T0_MS + QUARTER_MS, T0_MS + QUARTER_MS + 60_000, T0_MS + QUARTER_MS + 120_000],
    ),
    "years between two records": batch(column([5, 6]), times_ms=[0, UINT32 * 1000]),
    "years between the second and the third record": batch(column([5, 6, 7]), times_ms=[0, 1, UINT32 * 1000 + 999]),
    "years between two records, in milliseconds": batch(column([5, 6]), times_ms=[0, UINT32 * 1000 + 999]),
    "one gap": batch(column([5]), gaps=[[200, 299]]),
    "gaps of one record, and to the end of numbers": batch(column([5]), gaps=[[0, 0], [2, 2], [UINT32, UINT32]]),
    "the most gaps": batch(column([5]), gaps=[[10 * index, 10 * index + 3] for index in range(32)]),
    "a clock on its own": batch(column([5]), clock_quality=1),
    "a clock never set": batch(column([5]), clock_quality=2),
    "a test": batch(column([5]), test=True),
    "a test with a gap by a clock never set": batch(column([5]), gaps=[[5, 9]], clock_quality=2, test=True),
    "the newest record first after an outage": batch(
        column([5]), first_record_no=5000, oldest_held=2120, receipted=2120
    ),
    "a record asked for again": batch(column([5]), oldest_held=4000, receipted=3990),
    "the first record of a log": batch(column([5]), first_record_no=0, oldest_held=0, receipted=0, log_id=0),
    "the last record a log can have": batch(
        column([5]), first_record_no=UINT32, oldest_held=0, receipted=UINT32, log_id=UINT32, configuration_no=65535
    ),
    "the window as far above as it can be": batch(column([5]), first_record_no=0, oldest_held=UINT32, receipted=UINT32),
}

FACTS = {"heap_free": 91234, "drift_ppm": -3, "z": 2**53 - 1, "a": 1 - 2**53, "reset": "watchdog", "empty": ""}
VALID_CONTROL = {
    ("receipt", "one record"): {"log_id": 7, "ranges": [[5, 5]]},
    ("receipt", "two ranges"): {"log_id": UINT32, "ranges": [[0, 95], [97, UINT32]]},
    ("receipt", "the most ranges"): {"log_id": 7, "ranges": [[3 * index, 3 * index + 1] for index in range(64)]},
    ("receipt", "refused by a tag of 8 bytes"): {"tag": "0102030405060708", "reason": "truncated"},
    ("receipt", "refused by a tag of 32 bytes"): {"tag": HASH, "reason": "x" * 32},
    ("birth", "a clock never set"): {
        "boot_no": 1, "message_no": 0, "sent_at_ms": None, "log_id": 7, "configuration_no": 1,
        "configuration_hash": HASH, "reset_cause": 1, "firmware": "0.1.0", "board": "virtual",
        "sensors": [[1, "maxbotix-hrxl"]],
    },
    ("birth", "no sensors"): {
        "boot_no": UINT32, "message_no": UINT32, "sent_at_ms": T0_MS, "log_id": UINT32, "configuration_no": 65535,
        "configuration_hash": bytes(32).hex(), "reset_cause": 255, "firmware": "x" * 32, "board": "y" * 32,
        "sensors": [],
    },
    ("birth", "the most sensors"): {
        "boot_no": 2, "message_no": 3, "sent_at_ms": T0_MS, "log_id": 7, "configuration_no": 2,
        "configuration_hash": HASH, "reset_cause": 3, "firmware": "0.1.0", "board": "esp32",
        "sensors": [[index, "sdi-12"] for index in range(32)],
    },
    ("event", "nothing more to say"): {
        "boot_no": 1, "message_no": 2, "happened_at_ms": None, "name": "low-voltage", "detail": "", "facts": {},
    },
    ("event", "a traceback"): {
        "boot_no": 1, "message_no": 2, "happened_at_ms": T0_MS, "name": "exception",
        "detail": "Traceback:\n  File app.py, line 3\nOSError: 5\n", "facts": {},
    },
    ("event", "facts in their order"): {
        "boot_no": 1, "message_no": 2, "happened_at_ms": T0_MS, "name": "health", "detail": "", "facts": FACTS,
    },
    ("event", "the longest detail and the most facts"): {
        "boot_no": 1, "message_no": 2, "happened_at_ms": T0_MS, "name": "n" * 32, "detail": "~" * 1024,
        "facts": {f"f{index:02}": index for index in range(32)},
    },
    ("command", "report health"): {
        "gateway": "g1", "command_no": 1, "expires_at_ms": T0_MS, "name": "report-health", "arguments": {},
    },
    ("command", "send a range"): {
        "gateway": "g" * 32, "command_no": UINT32, "expires_at_ms": UINT32 * 1000 + 999, "name": "send-range",
        "arguments": {"first": 10, "last": 20},
    },
    ("command", "the longest argument"): {
        "gateway": "tashkent-2", "command_no": 2, "expires_at_ms": 0, "name": "configure",
        "arguments": {"json": "{" + " " * 4094 + "}"},
    },
    **{
        ("reply", name): {
            "boot_no": 1, "message_no": 4, "gateway": "g1", "command_no": 1, "outcome": outcome, "detail": detail,
            "facts": facts,
        }
        for outcome, (name, detail, facts) in enumerate(
            [
                ("done", "", {"heap_free": 91234}),
                ("failed", "no such record", {}),
                ("unknown command", "", {}),
                ("expired", "", {}),
            ]
        )
    },
}  # fmt: skip
