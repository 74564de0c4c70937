"""What becomes of a message."""

import random
from collections import Counter

import pytest

from gateway import quarantine
from gateway.clock_watch import ClockWatch
from gateway.dead_letter_share import DeadLetterShare
from gateway.entries import DeadLetter
from gateway.ingest import Ingest
from gateway.keys import Keys
from gateway.losses import Losses
from gateway.plausibility import Plausibility
from gateway.quarantine import LETTERS_PER_MINUTE, Quarantine
from gateway.rate_limits import DEFAULT_LIMITS, RateLimits
from gateway.windows import SAME_INSTANT, Windows
from protocol import topics
from protocol.cose import open_sealed, seal
from protocol.messages import Birth, Channel, Column, Refused, decode_receipt, encode_birth, encode_data
from protocol.variables import INSTANT, code_of
from tests.fakes.publisher import NOW_MS, hmac_sha256, stage_batch, write_key

BASIN = "test-basin"
STATIONS = ("upper", "lower", "keyless", "broken")
KEY = b"k" * 32
TOPIC = topics.topic(BASIN, "upper", "data")


@pytest.fixture
def make_ingest(tmp_path, basin):
    for station in ("upper", "lower"):
        write_key(tmp_path, BASIN, station, f"{station}-1", KEY)
    (tmp_path / BASIN / "broken.key").write_text("not a key\n")

    def make(limits=DEFAULT_LIMITS, dead_letters_bytes=1_000_000):
        windows = Windows()
        held_off = Quarantine(limits, DeadLetterShare(dead_letters_bytes, dict, lambda: 0.0))
        return Ingest(
            BASIN, dict.fromkeys(STATIONS, ()), Keys(tmp_path), windows, Losses(windows, lambda *_: []),
            Plausibility(basin), ClockWatch(lambda: 0.0), held_off, hmac_sha256,
        )  # fmt: skip

    return make


@pytest.fixture
def ingest(make_ingest):
    return make_ingest()


def sealed(payload: bytes, topic: str = TOPIC, key: bytes = KEY, key_id: bytes = b"upper-1") -> bytes:
    return seal(payload, key, key_id, topic, hmac_sha256)


def birth(boot_no: int = 1, message_no: int = 1) -> bytes:
    return encode_birth(
        Birth(boot_no, message_no, None, 7, 1, bytes(32), 1, "0.1.0", "virtual", [(1, "maxbotix-hrxl")])
    )


GOOD = sealed(encode_data(stage_batch(0, [500, 501])))


def test_a_good_message_becomes_a_frame_with_all_its_records(ingest):
    judgement = ingest.judge(TOPIC, GOOD, NOW_MS)
    frame = judgement.frame
    assert (frame.station, frame.log_id, frame.first_no, frame.last_no, frame.fresh) == ("upper", 7, 0, 1, (0, 1))
    assert judgement.counts == Counter(messages_received=1, messages_decoded=1, records_received=2)
    assert not judgement.dead_letters


@pytest.mark.parametrize(
    ("topic", "message", "verdict", "reason"),
    [
        (TOPIC, b"", "refused", "truncated at byte 0"),
        (TOPIC, b"stage=1.2", "refused", "wrong-type at byte 0"),
        (TOPIC, GOOD[:-1], "refused", "truncated at byte"),
        (TOPIC, GOOD + b"\x00", "refused", "trailing"),
        (TOPIC, GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "forged", "wrong-tag"),
        (topics.topic(BASIN, "lower", "data"), GOOD, "forged", "unknown-key"),
        (TOPIC, sealed(encode_data(stage_batch(0, [1])), topics.topic(BASIN, "upper", "birth")), "forged", "wrong-tag"),
        (TOPIC, sealed(b"\x80"), "refused", ""),
        (TOPIC, sealed(birth()), "refused", "wrong-kind"),
        (topics.topic(BASIN, "keyless", "data"), GOOD, "forged", "unknown-key"),
        (topics.topic(BASIN, "broken", "data"), GOOD, "forged", "broken.key:1"),
        (topics.topic(BASIN, "stranger", "data"), GOOD, "refused", "unknown-station"),
        (topics.topic("other-basin", "upper", "data"), GOOD, "refused", "unknown-station"),
        (topics.topic(BASIN, "upper", "receipt"), GOOD, "refused", "foreign-topic"),
        ("rg/1/test-basin/upper", GOOD, "refused", "foreign-topic"),
        ("", GOOD, "refused", "foreign-topic"),
    ],
    ids=[
        "empty", "not CBOR of ours", "truncated", "trailing byte", "a bit of the tag changed",
        "moved to another station", "sealed for another leaf",
        "verifies but is no message", "a birth as data", "a station without a key",
        "a station with a broken key file", "an unknown station", "another basin", "a leaf of ours", "a short topic",
        "a topic that is no text",
    ],
)  # fmt: skip
def test_a_bad_message_is_a_dead_letter_with_a_reason_and_counted_once(ingest, topic, message, verdict, reason):
    judgement = ingest.judge(topic, message, NOW_MS)
    assert judgement.counts == Counter({"messages_received": 1, f"messages_{verdict}": 1})
    (letter,) = judgement.dead_letters
    assert reason in letter.reason
    assert (letter.topic, letter.payload, letter.at_ms, letter.forged) == (topic, message, NOW_MS, verdict == "forged")
    assert judgement.frame is None


def test_every_prefix_of_a_message_is_refused(ingest):
    for length in range(len(GOOD)):
        assert ingest.judge(TOPIC, GOOD[:length], NOW_MS).counts["messages_refused"] == 1, length


def test_no_mutation_of_a_message_is_taken_or_raises(ingest):
    seeded = random.Random(20180831)
    for _ in range(3000):
        mutated = bytearray(GOOD)
        for _ in range(seeded.randint(1, 4)):
            mutated[seeded.randrange(len(mutated))] ^= 1 << seeded.randrange(8)
        judgement = ingest.judge(TOPIC, bytes(mutated), NOW_MS)
        assert bytes(mutated) == GOOD or judgement.frame is None


def with_second_column(channel: Channel) -> bytes:
    batch = stage_batch(0, [1])
    batch.columns[1] = Column(channel, [5])
    return encode_data(batch)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x80", "wrong-size"),
        (with_second_column(Channel(1, code_of("stage_m"), INSTANT, 0, -3)), "channel-twice"),
        (with_second_column(Channel(1, 99, INSTANT, 0, -3)), "unknown-variable"),
    ],
    ids=["no message", "an instant beside the median: both are stage_m", "a variable we do not know"],
)
def test_a_message_that_verifies_but_cannot_be_decoded_is_answered(ingest, payload, reason):
    message = sealed(payload)
    judgement = ingest.judge(TOPIC, message, NOW_MS)
    assert judgement.counts["messages_refused"] == 1
    answer = judgement.answer
    assert answer.topic == topics.topic(BASIN, "upper", "receipt")
    refused = decode_receipt(open_sealed(answer.payload, {b"upper-1": KEY}, answer.topic, hmac_sha256))
    assert isinstance(refused, Refused)
    assert message.endswith(refused.tag)
    assert refused.reason == reason


def test_a_message_that_does_not_verify_is_not_answered(ingest):
    assert ingest.judge(TOPIC, sealed(b"\x80", key=b"x" * 32), NOW_MS).answer is None


def test_a_replayed_message_is_all_duplicates_and_owed_a_receipt(ingest):
    ingest.judge(TOPIC, GOOD, NOW_MS)
    again = ingest.judge(TOPIC, GOOD, NOW_MS)
    assert again.counts["records_duplicate"] == 2
    assert (again.frame.fresh, again.frame.payload, again.frame.last_no) == ((), b"", 1)


def test_an_overlapping_batch_brings_only_its_new_records(ingest):
    ingest.judge(TOPIC, GOOD, NOW_MS)
    frame = ingest.judge(TOPIC, sealed(encode_data(stage_batch(1, [501, 502, 503]))), NOW_MS).frame
    assert frame.fresh == (1, 2)


def test_a_second_record_for_an_instant_is_a_dead_letter_and_the_rest_goes_on(ingest):
    ingest.judge(TOPIC, GOOD, NOW_MS)
    other_log = sealed(encode_data(stage_batch(1, [700, 701], log_id=8)))
    judgement = ingest.judge(TOPIC, other_log, NOW_MS)
    (letter,) = judgement.dead_letters
    assert (letter.reason, letter.log_id, letter.record_no) == (SAME_INSTANT, 8, 1)
    assert judgement.frame.fresh == (1,)
    assert judgement.counts["records_dead"] == 1


def test_a_station_that_has_filled_its_room_for_dead_letters_keeps_what_would_be_one_and_sends_the_rest(make_ingest):
    ingest = make_ingest(dead_letters_bytes=1)
    ingest.judge(TOPIC, GOOD, NOW_MS)
    unknown = sealed(encode_data(stage_batch(2, [700])) + b"x")
    same_instant = sealed(encode_data(stage_batch(1, [700, 701], log_id=8)))
    assert ingest.judge(TOPIC, unknown, NOW_MS).counts["messages_quarantined"] == 0
    for message in (unknown, same_instant):
        judgement = ingest.judge(TOPIC, message, NOW_MS)
        assert judgement.counts["messages_quarantined"] == 1
        assert judgement.frame is None, "it would be receipted"
        assert (judgement.answer is not None) == (message is unknown), "what is refused for good is answered"
    assert ingest.judge(TOPIC, sealed(encode_data(stage_batch(2, [700]))), NOW_MS).frame.fresh == (0,)
    other = topics.topic(BASIN, "lower", "data")
    of_lower = sealed(encode_data(stage_batch(0, [1])) + b"x", other, key_id=b"lower-1")
    assert ingest.judge(other, of_lower, NOW_MS).counts["messages_quarantined"] == 0


@pytest.mark.parametrize(
    "batch_of",
    [
        lambda number: stage_batch(2 * number, [500]),
        lambda number: stage_batch(number, [500], log_id=number + 1),
        lambda number: stage_batch(number, [500], gaps=[(1000 + 2 * number, 1000 + 2 * number)]),
    ],
    ids=["numbers left out", "a new log each time", "gaps of numbers not reached yet"],
)
def test_a_station_cannot_have_ever_more_remembered_of_it(ingest, monkeypatch, batch_of):
    monkeypatch.setattr(quarantine, "RUNS_PER_DAY", 10)
    monkeypatch.setattr(quarantine, "RUNS_OF_A_LOG", 2)
    taken = [ingest.judge(TOPIC, sealed(encode_data(batch_of(number))), NOW_MS).frame for number in range(30)]
    assert taken[3] is not None and taken[15:] == [None] * 15
    of_tomorrow = ingest.judge(TOPIC, sealed(encode_data(batch_of(30))), NOW_MS + quarantine.DAY_MS)
    assert of_tomorrow.frame is not None


def test_records_at_equal_steps_are_taken_all_day(ingest, monkeypatch):
    monkeypatch.setattr(quarantine, "RUNS_PER_DAY", 2)
    monkeypatch.setattr(quarantine, "RUNS_OF_A_LOG", 0)
    for number in (*range(0, 40, 2), 41, 40, *range(42, 60, 2)):
        message = sealed(encode_data(stage_batch(number, [500] if number in (40, 41) else [500, 501])))
        assert ingest.judge(TOPIC, message, NOW_MS).frame is not None, number


def test_a_dead_letter_tried_again_after_a_fix_is_counted_as_if_it_came_now(ingest, tmp_path):
    topic = topics.topic(BASIN, "keyless", "data")
    message = sealed(encode_data(stage_batch(0, [1])), topic)
    before = ingest.judge(topic, message, NOW_MS)
    write_key(tmp_path, BASIN, "keyless", "upper-1", KEY)
    after = ingest.judge_again(before.dead_letters[0], NOW_MS)
    assert after.frame.fresh == (0,)
    total = before.counts + Counter()
    total.update(after.counts)
    assert +total == Counter(messages_received=1, messages_decoded=1, records_received=1)


def test_a_quarantined_message_tried_again_too_early_stays_a_dead_letter(make_ingest):
    ingest = make_ingest(RateLimits(messages_per_minute=1))
    ingest.judge(TOPIC, GOOD, NOW_MS)
    kept = [ingest.judge(TOPIC, GOOD, NOW_MS).dead_letters for _ in range(LETTERS_PER_MINUTE + 1)]
    assert [len(each) for each in kept] == [1] * LETTERS_PER_MINUTE + [0]
    again = ingest.judge_again(kept[0][0], NOW_MS)
    assert again.dead_letters == kept[0]
    assert again.counts["quarantined_dropped"] == 0


def test_a_dead_record_tried_again_is_dead_again_while_nothing_has_changed(ingest):
    ingest.judge(TOPIC, GOOD, NOW_MS)
    before = ingest.judge(TOPIC, sealed(encode_data(stage_batch(1, [700, 701], log_id=8))), NOW_MS)
    after = ingest.judge_again(before.dead_letters[0], NOW_MS)
    assert [letter.reason for letter in after.dead_letters] == [SAME_INSTANT]
    assert +after.counts == Counter()


def test_a_record_that_a_store_refused_goes_to_the_stores_alone(ingest):
    judgement = ingest.judge(TOPIC, GOOD, NOW_MS)
    payload = judgement.frame.payload
    letter = DeadLetter(0, "422", TOPIC, True, payload, b"upper-1", seq=4, log_id=7, record_no=1)
    again = ingest.judge_again(letter, NOW_MS)
    assert (again.frame.fresh, again.frame.payload) == ((1,), payload)


def test_a_birth_is_kept_as_a_report(ingest):
    topic = topics.topic(BASIN, "upper", "birth")
    report = ingest.judge(topic, sealed(birth(3, 4), topic), NOW_MS).report
    assert (report.station, report.leaf, report.boot_no, report.message_no) == ("upper", "birth", 3, 4)
