"""Other makers' loggers: from a SenML pack to observations, or to a dead letter that says why."""

from dataclasses import replace

import cbor2
import pytest

from gateway.clock_watch import ClockWatch
from gateway.dead_letter_share import DeadLetterShare
from gateway.entries import SENML, DeadLetter
from gateway.ingest import Ingest
from gateway.keys import Keys
from gateway.losses import Losses
from gateway.plausibility import Plausibility
from gateway.quarantine import QUARANTINED, Quarantine
from gateway.rate_limits import DEFAULT_LIMITS, RateLimits
from gateway.record_intake import PACKS_REMEMBERED
from gateway.senml_batches import PackRefused, read_pack
from gateway.windows import SAME_INSTANT, Windows
from protocol.cose import seal
from protocol.messages import DecodeError, decode_data, encode_data
from protocol.quality import NOT_EVALUATED
from protocol.topics import topic
from rivergauge.basin import SenmlName
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, hmac_sha256, stage_batch, write_key

BASIN, STATION = "test-basin", "lower"
KEY = b"k" * 32
TOPIC = topic(BASIN, STATION, SENML)
NAMES = (
    SenmlName("urn:dev:ow:1:level", "stage_m", 9),
    SenmlName("urn:dev:ow:1:temp", "water_temperature_c", 9),
    SenmlName("urn:dev:ow:1:flow", "discharge_m3_s", 10),
)
BN, BT, BU, N, U, V, VS, T = -2, -3, -4, 0, 1, 2, 3, 6
START_S = START_MS // 1000
FOREVER_MS = (0, 2**62)


def pack(*records: dict) -> bytes:
    first, *others = records
    return cbor2.dumps([{BN: "urn:dev:ow:1:", BT: START_S} | first, *others])


def level(value: object, unit: str = "m", **others: object) -> dict:
    return {N: "level", U: unit, V: value} | others


def values(batch) -> dict:
    return {
        (column.channel.sensor_no, batch.times_ms[index]): mantissa * 10.0**column.channel.exponent
        for column in batch.columns
        for index, mantissa in enumerate(column.mantissas)
        if mantissa is not None
    }


def read(payload: bytes, received_at_ms: int = START_MS):
    return decode_data(read_pack(payload, received_at_ms, NAMES)[1])


def test_a_pack_becomes_one_record_per_instant():
    later = {T: 900}
    payload = pack(
        level(1.25), {N: "temp", U: "Cel", V: 4.5}, level(1.5) | later, {N: "flow", U: "l/s", V: 1500} | later
    )
    batch = read(payload)
    assert batch.times_ms == [START_MS, START_MS + RECORD_EVERY_MS]
    stage, temperature, discharge = batch.columns
    assert (stage.mantissas, stage.channel.exponent) == ([125, 150], -2)
    assert (temperature.mantissas, temperature.channel.exponent) == ([45, None], -1)
    assert (discharge.mantissas, discharge.channel.sensor_no) == ([None, 15], 10)
    assert stage.qualities == {0: NOT_EVALUATED, 1: NOT_EVALUATED}


@pytest.mark.parametrize(
    ("value", "unit", "stage_m"),
    [
        (63.42, "cm", 0.6342),
        (1.2345678, "m", 1.2345678),
        (-0.5, "m", -0.5),
        (0, "m", 0.0),
        (98.76543219, "m", 98.7654322),
        (1e-12, "m", 0.0),
        (3_000_000_000, "m", 3e9),
    ],
    ids=["converted", "eight digits", "below zero", "zero", "ten digits", "below the finest step", "beyond 31 bits"],
)
def test_a_value_is_kept_to_nine_digits(value, unit, stage_m):
    (found,) = values(read(pack(level(value, unit)))).values()
    assert found == pytest.approx(stage_m, rel=1e-9)


def identity(payload: bytes, received_at_ms: int = START_MS) -> int:
    return read_pack(payload, received_at_ms, NAMES)[0]


def test_a_pack_is_named_by_its_bytes_whenever_it_comes():
    assert identity(pack(level(1.0))) == identity(pack(level(1.0)), START_MS + 5000)
    assert identity(pack(level(1.0))) != identity(pack(level(1.1)))
    assert 2**32 < identity(pack(level(1.0))) < 2**63


def test_a_pack_without_times_of_its_own_is_another_one_each_time_it_comes():
    timeless = cbor2.dumps([{N: "urn:dev:ow:1:level", U: "m", V: 1.0}])
    assert identity(timeless) != identity(timeless, START_MS + 900_000)


REFUSALS = {
    "a name not in the basin file": (pack(level(1.0), {N: "rssi", V: -60}), "unknown-name: urn:dev:ow:1:rssi; "),
    "a unit of something else": (pack(level(1.0, "Cel")), "unknown-unit: unit 'Cel' for stage_m: expected cm,"),
    "no unit": (pack({N: "level", V: 1.0}), "unknown-unit: unit '' for stage_m"),
    "a text": (pack({N: "level", U: "m", VS: "dry"}), "not-a-number: urn:dev:ow:1:level"),
    "a truth value": (pack({N: "level", U: "m", 4: True}), "not-a-number: urn:dev:ow:1:level"),
    "two values of one instant": (pack(level(1.0), level(1.1)), f"instant-twice: urn:dev:ow:1:level at {START_MS}"),
    "more instants than a batch has": (pack(*(level(1.0) | {T: n} for n in range(513))), "too-many-instants: 513"),
    "a stage beyond all": (pack(level(1e300)), "out-of-range: stage_m of 1e+300"),
}


@pytest.mark.parametrize(("payload", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_a_pack_that_is_not_what_the_basin_file_says_is_refused_whole(payload, reason):
    with pytest.raises(PackRefused) as caught:
        read(payload)
    assert str(caught.value).startswith(reason)


def test_what_is_no_pack_is_refused_at_its_byte():
    with pytest.raises(DecodeError, match="truncated at byte 20"):
        read(pack(level(1.0))[:20])


@pytest.fixture
def make_ingest(tmp_path, basin):
    def make(limits=DEFAULT_LIMITS):
        windows = Windows()
        quarantine = Quarantine(limits, DeadLetterShare(1, dict, lambda: 0.0))
        return Ingest(
            BASIN, {STATION: NAMES, "upper": ()}, Keys(tmp_path), windows, Losses(windows, lambda *_: []),
            Plausibility(basin), ClockWatch(lambda: 0.0), quarantine, hmac_sha256,
        )  # fmt: skip

    return make


@pytest.fixture
def ingest(make_ingest):
    return make_ingest()


def test_records_of_a_pack_are_admitted_once_and_owed_no_answer(ingest):
    first, again = (ingest.judge(TOPIC, pack(level(1.0)), START_MS + n) for n in range(2))
    assert (first.frame.kind, first.frame.fresh, first.frame.key_id) == (SENML, (0,), b"")
    assert (again.frame.fresh, again.counts["records_duplicate"]) == ((), 1)
    assert first.answer is again.answer is None


@pytest.mark.parametrize(
    "limits", [RateLimits(messages_per_minute=1), RateLimits(records_per_minute=1)], ids=["messages", "records"]
)
def test_a_logger_that_sends_without_measure_is_quarantined_and_its_pack_kept(make_ingest, limits):
    ingest = make_ingest(limits)
    ingest.judge(TOPIC, pack(level(1.0)), START_MS)
    judgement = ingest.judge(TOPIC, pack(level(1.1) | {T: 60}), START_MS)
    (letter,) = judgement.dead_letters
    assert (letter.reason.split(":")[0], letter.authenticated) == (QUARANTINED, False)
    assert (judgement.frame, judgement.counts["messages_quarantined"]) == (None, 1)
    again = ingest.judge_again(letter, START_MS + 60_000)
    assert again.frame.fresh == (0,)


def test_packs_in_a_station_s_name_do_not_shut_the_station_out(make_ingest, tmp_path):
    write_key(tmp_path, BASIN, STATION, "lower-1", KEY)
    ingest = make_ingest(RateLimits(messages_per_minute=1))
    packs = [ingest.judge(TOPIC, pack(level(1.0) | {T: number}), START_MS) for number in range(3)]
    assert [each.counts["messages_quarantined"] for each in packs] == [0, 1, 1]
    data = topic(BASIN, STATION, "data")
    message = seal(encode_data(stage_batch(0, [500], start_ms=0)), KEY, b"lower-1", data, hmac_sha256)
    assert ingest.judge(data, message, START_MS).counts["messages_decoded"] == 1


def test_a_station_without_such_a_logger_takes_none(ingest):
    judgement = ingest.judge(topic(BASIN, "upper", SENML), pack(level(1.0)), START_MS)
    (letter,) = judgement.dead_letters
    assert letter.reason.startswith("no-senml-logger")
    assert not letter.authenticated


def test_a_second_value_for_an_instant_is_a_dead_record_that_can_be_tried_again(ingest):
    ingest.judge(TOPIC, pack(level(1.0)), START_MS)
    judgement = ingest.judge(TOPIC, pack(level(1.1)), START_MS)
    (letter,) = judgement.dead_letters
    assert (letter.reason, letter.authenticated, letter.record_no) == (SAME_INSTANT, False, 0)
    assert letter.log_id == identity(pack(level(1.1)))
    again = ingest.judge_again(letter, START_MS)
    assert [each.reason for each in again.dead_letters] == [SAME_INSTANT]


def test_a_record_that_a_store_refused_goes_to_the_stores_again_under_its_whole_name(ingest):
    frame = ingest.judge(TOPIC, pack(level(1.0)), START_MS).frame
    letter = DeadLetter(0, "422", TOPIC, False, frame.payload, seq=4, log_id=frame.log_id, record_no=0)
    again = ingest.judge_again(letter, START_MS).frame
    assert (again.kind, again.log_id, again.fresh) == (SENML, frame.log_id, (0,))


@pytest.fixture
def with_logger(bench):
    stations = [replace(each, senml=NAMES if each.id == STATION else ()) for each in bench.basin.stations]
    bench.basin = replace(bench.basin, stations=tuple(stations))
    bench.settings = replace(bench.settings, accept_unauthenticated=True)
    return bench


RISE = [0.1, 0.2, 0.3, 0.4, 0.5, 0.8]
RISING = [level(value) | ({T: 900 * n} if n else {}) for n, value in enumerate(RISE)]


def test_a_pack_from_the_broker_is_stored_unauthenticated_and_raises_no_flag(with_logger, until):
    service = with_logger.start()
    rise, records = RISE, RISING
    with with_logger.station(STATION) as station:
        for _ in range(2):
            station.publish_bytes(pack(*records), TOPIC)
        station.publish_bytes(pack({N: "rssi", V: -60}), TOPIC)
        until(lambda: service.counts()["messages_received"] == 3 and service.is_idle(), "all three are judged")
        assert station.answers == []
    observations = with_logger.store.read_observations(STATION, *FOREVER_MS)
    assert [(each.variable, each.value, each.quality) for each in observations] == [
        ("stage_m", value, NOT_EVALUATED) for value in rise
    ]
    assert {(each.provenance, each.sensor, each.log_id) for each in observations} == {
        ("unauthenticated", 9, identity(pack(*records)))
    }
    counts = service.counts()
    assert (counts["records_stored"], counts["records_duplicate"], counts["messages_refused"]) == (6, 6, 1)
    (letter,) = service.journal.dead_letters()
    assert letter.reason.startswith("unknown-name: urn:dev:ow:1:rssi")
    assert with_logger.store.read_flags(STATION, *FOREVER_MS) == [], "whoever may publish could raise an alarm"


def test_a_value_that_a_person_trusts_raises_flags(with_logger, until):
    trusted = tuple(replace(name, raises_flags=name.variable == "stage_m") for name in NAMES)
    stations = [replace(each, senml=trusted if each.id == STATION else ()) for each in with_logger.basin.stations]
    with_logger.basin = replace(with_logger.basin, stations=tuple(stations))
    service = with_logger.start()
    with with_logger.station(STATION) as station:
        station.publish_bytes(pack(*RISING), TOPIC)
        until(lambda: service.counts()["records_stored"] == 6 and service.is_idle(), "all is done")
    (flag,) = with_logger.store.read_flags(STATION, *FOREVER_MS)
    assert (flag.threshold, flag.state) == ("rapid-rise", "raised")


def test_what_nothing_authenticates_clears_no_flag_either(with_logger, until):
    service = with_logger.start()
    with with_logger.station(STATION) as station:
        station.publish(stage_batch(0, [round(1000 * value) for value in RISE]))
        until(lambda: service.counts()["records_stored"] == 6 and service.is_idle(), "the rise is evaluated")
        calm = [level(0.8) | {T: 900 * n} for n in range(6, 30)]
        station.publish_bytes(pack(*calm), TOPIC)
        until(lambda: service.counts()["records_stored"] == 30 and service.is_idle(), "the calm is stored")
    (flag,) = with_logger.store.read_flags(STATION, *FOREVER_MS)
    assert flag.state == "raised"


def test_without_the_word_of_the_operator_a_pack_is_a_dead_letter(with_logger, until):
    with_logger.settings = replace(with_logger.settings, accept_unauthenticated=False)
    service = with_logger.start()
    with with_logger.station(STATION) as station:
        station.publish_bytes(pack(*RISING), TOPIC)
        until(lambda: service.counts()["messages_refused"] == 1, "it is refused")
    (letter,) = service.journal.dead_letters()
    assert "accept_unauthenticated in gateway.toml" in letter.reason
    assert with_logger.store.count_records(STATION, *FOREVER_MS) == 0


def test_of_a_station_and_a_logger_beside_it_the_second_to_speak_of_an_instant_is_a_dead_letter(with_logger, until):
    with_logger.now_ms = START_MS
    service = with_logger.start()
    with with_logger.station(STATION) as station:
        station.publish(stage_batch(0, [500]))
        station.publish_bytes(cbor2.dumps([{N: "urn:dev:ow:1:level", U: "cm", V: 50.1}]), TOPIC)
        until(lambda: service.counts()["messages_received"] == 2 and service.is_idle(), "both are judged")
    counts = service.counts()
    assert (counts["records_stored"], counts["records_dead"]) == (1, 1)


def test_however_many_packs_come_only_the_newest_are_remembered(ingest):
    for number in range(PACKS_REMEMBERED + 1):
        ingest.judge(TOPIC, pack(level(1.0) | {T: number}), START_MS)
    newest = ingest.judge(TOPIC, pack(level(1.0) | {T: PACKS_REMEMBERED}), START_MS)
    oldest = ingest.judge(TOPIC, pack(level(1.0) | {T: 0}), START_MS)
    assert (newest.counts["records_duplicate"], oldest.counts["records_duplicate"]) == (1, 0)
