"""The satellite profile: as few bytes as promised, and nothing taken that was not sent."""

import csv
import gzip
import hmac
from itertools import accumulate, groupby, product

import pytest

from protocol import cose, satellite
from protocol.cbor import DecodeError, EncodeError
from protocol.messages import Batch, Channel, Column, encode_data
from tests.protocol.test_sizes import POSTS, RECORDS, column

KEY, KEY_ID, TOPIC = bytes(range(32)), b"uchkurgan-1", "rg/1/syr-darya/uchkurgan/data"
FOUR_RECORDS_LIMIT_BYTES = 50
DAY_LIMIT_BYTES = 250


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def batch(rows: list[dict[str, str]]) -> Batch:
    columns = [
        column(rows, "stage_raw_cm", "stage_m", 100, -4),
        column(rows, "water_temp_c", "water_temperature_c", 100, -2),
    ]
    times_ms = [1_535_673_600_000 + 900_000 * index for index in range(len(rows))]
    return Batch(0xC0FFEE01, 12_345, times_ms, columns, 1, 12_345, 12_345)


def sealed_with_profile(said: Batch) -> tuple[bytes, satellite.Profile]:
    profile = satellite.Profile(KEY_ID, 900, [column.channel for column in said.columns])
    return cose.seal(encode_data(said), KEY, KEY_ID, TOPIC, hmac_sha256), profile


def sample() -> tuple[bytes, satellite.Profile]:
    rows = [{"stage_raw_cm": f"{51 + n / 10}", "water_temp_c": f"{7 + n / 100}"} for n in range(4)]
    return sealed_with_profile(batch(rows))


@pytest.mark.parametrize("post", POSTS)
def test_real_records_of_two_channels_take_as_few_bytes_as_promised(post, shared_data):
    with gzip.open(shared_data(f"lro/{post}.csv.gz"), "rt") as file:
        days = [list(rows) for _, rows in groupby(csv.DictReader(file), lambda row: row["datetime_local"][:10])]
    hours, whole = [], []
    for rows in days:
        complete = all(row[name] not in ("", "-9999.0") for row in rows for name in ("stage_raw_cm", "water_temp_c"))
        if len(rows) != RECORDS or not complete:
            continue
        whole.append(len(satellite.shrink(*sealed_with_profile(batch(rows)))))
        hours += [len(satellite.shrink(*sealed_with_profile(batch(rows[at : at + 4])))) for at in range(0, RECORDS, 4)]
    assert len(whole) > 250
    assert max(whole) <= DAY_LIMIT_BYTES
    # A jump within the hour may cost a second unit of 50 bytes.
    assert sum(size <= FOUR_RECORDS_LIMIT_BYTES for size in hours) >= 0.99 * len(hours)


# What protocol/README.md says of four records that always fit: the furthest of every bound at once.
FURTHEST = {"record_no": 0xFFFFFFFF - 3, "behind": 255, "configuration_no": 255, "value": 65_535, "difference": 63}


@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)), ids=str)
@pytest.mark.parametrize("difference", [1, 2, 7, 20, 40, FURTHEST["difference"]])
def test_four_records_of_two_channels_within_the_stated_bounds_always_fit(signs, difference):
    steps = [sign * difference for sign in signs]
    values = list(accumulate(steps, initial=FURTHEST["value"]))
    columns = [Column(Channel(sensor, 1, 1, 0, -3), values) for sensor in (1, 2)]
    first, held = FURTHEST["record_no"], FURTHEST["record_no"] - FURTHEST["behind"]
    times_ms = [0xFFFFFFFF * 1000 - 2_700_000 + 900_000 * index for index in range(4)]
    said = Batch(0xFFFFFFFF, first, times_ms, columns, FURTHEST["configuration_no"], held, held)
    assert len(satellite.shrink(*sealed_with_profile(said))) <= FOUR_RECORDS_LIMIT_BYTES


def test_what_was_changed_on_the_way_does_not_open():
    message, profile = sample()
    short = satellite.shrink(message, profile)
    assert cose.open_sealed(satellite.expand(short, profile), {KEY_ID: KEY}, TOPIC, hmac_sha256)
    for at in range(len(short)):
        changed = short[:at] + bytes([short[at] ^ 1]) + short[at + 1 :]
        with pytest.raises((DecodeError, cose.Forged)):
            cose.open_sealed(satellite.expand(changed, profile), {KEY_ID: KEY}, TOPIC, hmac_sha256)


def test_a_message_of_other_channels_is_not_shrunk():
    message, profile = sample()
    others = {
        "fewer": satellite.Profile(KEY_ID, 900, profile.channels[:1]),
        "in another order": satellite.Profile(KEY_ID, 900, profile.channels[::-1]),
        "of another key": satellite.Profile(b"other", 900, profile.channels),
        "with a longer tag": satellite.Profile(KEY_ID, 900, profile.channels, 32),
    }
    for name, other in others.items():
        with pytest.raises(EncodeError):
            pytest.fail(f"{name}: {satellite.shrink(message, other)!r}")


REFUSED = {
    "nothing": b"",
    "a tag alone": bytes(8),
    "numbers without end": bytes(100),
    "arrays in arrays": b"\x81" * 100,
    "a map of 255 pairs": b"\x00" * 6 + b"\xb8\xff" + bytes(20),
}


@pytest.mark.parametrize("short", REFUSED.values(), ids=REFUSED)
def test_what_is_no_short_message_is_refused(short):
    with pytest.raises(DecodeError):
        satellite.expand(short, sample()[1])
