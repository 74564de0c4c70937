"""SenML packs of other makers: the examples of RFC 8428, and what is refused."""

import random

import cbor2
import pytest

from protocol import senml
from protocol.cbor import DecodeError
from protocol.senml_items import ItemReader

NOW_MS = 1_700_000_000_000

# RFC 8428, sections 5.1.1 to 5.1.4 and 6: pack by label, and what it resolves to: (name, unit, time in ms, value, sum).
RFC_EXAMPLES = {
    "5.1.1 single data point": (
        [{0: "urn:dev:ow:10e2073a01080063", 1: "Cel", 2: 23.1}],
        [("urn:dev:ow:10e2073a01080063", "Cel", NOW_MS, 23.1, None)],
    ),
    "5.1.2 multiple data points": (
        [{-2: "urn:dev:ow:10e2073a01080063:", 0: "voltage", 1: "V", 2: 120.1}, {0: "current", 1: "A", 2: 1.2}],
        [
            ("urn:dev:ow:10e2073a01080063:voltage", "V", NOW_MS, 120.1, None),
            ("urn:dev:ow:10e2073a01080063:current", "A", NOW_MS, 1.2, None),
        ],
    ),
    "5.1.2 with times and base version": (
        [
            {-2: "urn:dev:ow:10e2073a0108006:", -3: 1.276020076001e9, -4: "A", -1: 5, 0: "voltage", 1: "V", 2: 120.1},
            {0: "current", 6: -5, 2: 1.2},
            {0: "current", 6: -4, 2: 1.3},
            {0: "current", 2: 1.7},
        ],
        [
            ("urn:dev:ow:10e2073a0108006:voltage", "V", 1_276_020_076_001, 120.1, None),
            ("urn:dev:ow:10e2073a0108006:current", "A", 1_276_020_071_001, 1.2, None),
            ("urn:dev:ow:10e2073a0108006:current", "A", 1_276_020_072_001, 1.3, None),
            ("urn:dev:ow:10e2073a0108006:current", "A", 1_276_020_076_001, 1.7, None),
        ],
    ),
    "5.1.3 multiple measurements": (
        [
            {-2: "urn:dev:ow:10e2073a01080063", -3: 1.320067464e9, -4: "%RH", 2: 20},
            {1: "lon", 2: 24.30621},
            {6: 60, 2: 20.3},
            {6: 60, 1: "lat", 2: 60.07965},
        ],
        [
            ("urn:dev:ow:10e2073a01080063", "%RH", 1_320_067_464_000, 20, None),
            ("urn:dev:ow:10e2073a01080063", "lon", 1_320_067_464_000, 24.30621, None),
            ("urn:dev:ow:10e2073a01080063", "%RH", 1_320_067_524_000, 20.3, None),
            ("urn:dev:ow:10e2073a01080063", "lat", 1_320_067_524_000, 60.07965, None),
        ],
    ),
    "5.1.5 collection of resources": (
        [
            {-2: "2001:db8::2/", 0: "temperature", 1: "Cel", 2: 25.2, -3: 1.320078429e9},
            {0: "humidity", 1: "%RH", 2: 30},
        ],
        [
            ("2001:db8::2/temperature", "Cel", 1_320_078_429_000, 25.2, None),
            ("2001:db8::2/humidity", "%RH", 1_320_078_429_000, 30, None),
        ],
    ),
    "a sum beside a value, and base values": (
        [{-2: "meter", -5: 10, -6: 100, 2: 1, 5: 2}, {2: 2}],
        [("meter", "", NOW_MS, 11, 102), ("meter", "", NOW_MS, 12, 100)],
    ),
    "a text, a boolean and data have no number": (
        [{0: "label", 3: "open"}, {0: "door", 4: True}, {0: "blob", 8: b"\x01"}],
        [("label", "", NOW_MS, None, None), ("door", "", NOW_MS, None, None), ("blob", "", NOW_MS, None, None)],
    ),
    "an unknown field is ignored": ([{0: "a", 2: 1, "note": "x"}], [("a", "", NOW_MS, 1, None)]),
    "a record of base values alone": ([{-2: "a", -4: "m"}, {2: 1.5}], [("a", "m", NOW_MS, 1.5, None)]),
}


def resolved(payload: bytes) -> list[tuple]:
    values = senml.decode_senml(payload, NOW_MS)
    return [(value.name, value.unit, value.time_ms, value.value, value.sum) for value in values]


@pytest.mark.parametrize(("pack", "expected"), RFC_EXAMPLES.values(), ids=RFC_EXAMPLES)
def test_a_pack_is_resolved(pack, expected):
    assert resolved(cbor2.dumps(pack)) == expected


def test_a_pack_of_indefinite_length_is_resolved():
    record = bytes.fromhex("bf00656c6576656c01616d02fb3ff3ae147ae147aeff")
    assert resolved(b"\x9f" + record + b"\xff") == [("level", "m", NOW_MS, 1.23, None)]


NUMBERS = {
    "half": ("f93e00", 1.5),
    "the smallest half": ("f90001", 2.0**-24),
    "a negative half": ("f9c400", -4.0),
    "single": ("fa3fc00000", 1.5),
    "double": ("fb3ff8000000000000", 1.5),
    "an integer not in its shortest form": ("1b0000000000000005", 5),
    "a decimal fraction": ("c48221196ab3", 273.15),
    "a decimal fraction with a positive exponent": ("c482020f", 1500.0),
    "a text in pieces": ("7f61616162ff", "ab"),
    "bytes in pieces": ("5f41014102ff", b"\x01\x02"),
}


@pytest.mark.parametrize(("text", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_an_item_is_read_as_cbor2_reads_it(text, expected):
    octets = bytes.fromhex(text)
    assert ItemReader(octets).take() == expected
    oracle = cbor2.loads(octets)
    assert (float(oracle) if isinstance(expected, float) else oracle) == expected


REFUSED = {
    "nothing": (b"", "truncated"),
    "a number": (b"\x01", "wrong-type"),
    "a map": (cbor2.dumps({0: "a", 2: 1}), "wrong-type"),
    "an empty pack": (b"\x80", "wrong-type"),
    "a record that is no map": (cbor2.dumps([1]), "wrong-type"),
    "a record that is an array": (cbor2.dumps([[0, 1]]), "wrong-type"),
    "a byte behind": (cbor2.dumps([{0: "a", 2: 1}]) + b"\x00", "trailing-bytes"),
    "513 records": (cbor2.dumps([{0: "a", 2: 1}] * 513), "wrong-type"),
    "no name": (cbor2.dumps([{2: 1}]), "bad-name"),
    "a name that begins with a dot": (cbor2.dumps([{0: ".a", 2: 1}]), "bad-name"),
    "a name with a space": (cbor2.dumps([{0: "a b", 2: 1}]), "bad-name"),
    "a name of 257 letters": (cbor2.dumps([{0: "a" * 257, 2: 1}]), "bad-name"),
    "a name that is a number": (cbor2.dumps([{0: 5, 2: 1}]), "wrong-type"),
    "no value": (cbor2.dumps([{0: "a"}]), "wrong-size"),
    "two values": (cbor2.dumps([{0: "a", 2: 1, 4: True}]), "wrong-size"),
    "a value that is a text": (cbor2.dumps([{0: "a", 2: "1"}]), "wrong-type"),
    "a value that is a boolean": (cbor2.dumps([{0: "a", 2: True}]), "wrong-type"),
    "a boolean that is a number": (cbor2.dumps([{0: "a", 4: 1}]), "wrong-type"),
    "a value that is not a number": (cbor2.dumps([{0: "a", 2: float("nan")}]), "not-finite"),
    "a value that is infinite": (cbor2.dumps([{0: "a", 2: float("-inf")}]), "not-finite"),
    "a value that becomes infinite": (cbor2.dumps([{0: "a", -5: 1.7e308, 2: 1.7e308}]), "not-finite"),
    "the same field twice": (b"\x81\xa3\x00\x61a\x02\x01\x02\x02", "not-ascending"),
    "a field that must be understood": (cbor2.dumps([{0: "a", 2: 1, "new_": 1}]), "unknown-field"),
    "a later version": (cbor2.dumps([{0: "a", 2: 1, -1: 11}]), "unknown-version"),
    "a time beyond the centuries": (cbor2.dumps([{0: "a", 2: 1, 6: 1e300}]), "bad-time"),
    "a big number": (cbor2.dumps([{0: "a", 2: 2**70}]), "wrong-tag-number"),
    "a number of 64 bits": (cbor2.dumps([{0: "a", 2: 2**63}]), "out-of-range"),
    "a decimal fraction of a huge exponent": (b"\x81\xa2\x00\x61a\x02\xc4\x82\x1a\x00\x0f\x42\x40\x01", "out-of-range"),
    "an array of 4 GiB": (b"\x9a\xff\xff\xff\xff", "too-large"),
    "a text of 4 GiB": (b"\x81\xa1\x00\x7a\xff\xff\xff\xff", "too-large"),
    "a text of text pieces that never ends": (b"\x81\xa1\x00\x7f" + b"\x61a" * 2000, "too-large"),
    "arrays in arrays": (b"\x81" * 2000, "too-deep"),
    "indefinite arrays in arrays": (b"\x9f" * 2000, "too-deep"),
    "a break alone": (b"\xff", "wrong-type"),
    "an indefinite number": (b"\x1f\xff", "wrong-type"),
    "text that is no UTF-8": (b"\x81\xa2\x00\x62\xc3\x28\x02\x01", "bad-text"),
    "more than 64 KiB": (bytes(65_537), "too-large"),
}


@pytest.mark.parametrize(("payload", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_pack_is_refused(payload, reason):
    with pytest.raises(DecodeError) as caught:
        senml.decode_senml(payload, NOW_MS)
    assert caught.value.reason == reason


@pytest.mark.parametrize(("pack", "expected"), RFC_EXAMPLES.values(), ids=RFC_EXAMPLES)
def test_every_prefix_of_a_pack_is_refused(pack, expected):
    payload = cbor2.dumps(pack)
    for size in range(len(payload)):
        with pytest.raises(DecodeError):
            senml.decode_senml(payload[:size], NOW_MS)


def test_mutated_packs_are_resolved_or_refused():
    chance = random.Random(8428)
    corpus = [cbor2.dumps(pack) for pack, _ in RFC_EXAMPLES.values()]
    taken = 0
    for _ in range(20_000):
        octets = bytearray(chance.choice(corpus))
        for _ in range(chance.randrange(1, 4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        try:
            senml.decode_senml(bytes(octets), NOW_MS)
            taken += 1
        except DecodeError:
            pass
    assert 1000 < taken < 19_000


CONVERSIONS = {
    "metres of stage": (1.5, "m", "stage_m", 1.5),
    "centimetres of stage": (150.0, "cm", "stage_m", 1.5),
    "millimetres of rain": (2.5, "mm", "rain_mm", 2.5),
    "metres of rain": (0.0025, "m", "rain_mm", 2.5),
    "discharge": (3.0, "m3/s", "discharge_m3_s", 3.0),
    "litres per second": (500.0, "l/s", "discharge_m3_s", 0.5),
    "velocity": (1.2, "m/s", "velocity_m_s", 1.2),
    "kelvin": (273.15, "K", "water_temperature_c", 0.0),
    "pascal": (101_325.0, "Pa", "air_pressure_hpa", 1013.25),
    "millivolts": (12_500.0, "mV", "battery_v", 12.5),
    "conductivity": (0.05, "S/m", "conductivity_us_cm", 500.0),
    "pulses": (7.0, "count", "pulses", 7.0),
}


@pytest.mark.parametrize(("value", "unit", "variable", "expected"), CONVERSIONS.values(), ids=CONVERSIONS)
def test_a_unit_is_converted_to_that_of_the_variable(value, unit, variable, expected):
    assert senml.to_variable(value, unit, variable) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("unit", "variable"),
    [("m", "discharge_m3_s"), ("m/s", "stage_m"), ("Cel", "battery_v"), ("", "stage_m"), ("ft", "stage_m")],
)
def test_a_unit_that_does_not_fit_is_told(unit, variable):
    with pytest.raises(senml.UnknownUnit, match=variable):
        senml.to_variable(1.0, unit, variable)
