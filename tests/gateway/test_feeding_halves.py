"""A store of whole batches is handed both halves of a group at once; neither hides what becomes of the other."""

import re
from threading import Barrier, Event

import pytest

from gateway.deliveries import Deliveries
from gateway.entries import DATA, Frame
from gateway.feeding import GROUP_FIRST, PARTED_FROM, Feeder
from gateway.progress import Progress
from gateway.stores.influxdb import connect_v1
from protocol.messages import encode_data
from tests.fakes.publisher import NOW_MS, stage_batch
from tests.fakes.store_proxy import Answer, StoreProxy

FRAMES = GROUP_FIRST + PARTED_FROM  # one record in each; the second group is the first that is parted
MIDDLE = GROUP_FIRST + PARTED_FROM // 2
LIMIT_S = 10.0
AGAIN_AT_ONCE = Answer(503, b"busy", {"Retry-After": "0"})


@pytest.fixture
def proxy():
    with StoreProxy() as proxy:
        yield proxy


@pytest.fixture
def store(proxy):
    store = connect_v1("influx", proxy.url, "river", "", "")
    yield store
    store.close()


@pytest.fixture
def feeder(basin, journal, store):
    """Return a feeder whose next step is the first that hands over halves."""
    frames = [
        Frame(DATA, "lower", NOW_MS, b"key", 7, number, number, (0,), encode_data(stage_batch(number, [500])))
        for number in range(FRAMES)
    ]
    with journal.transaction() as transaction:
        head = transaction.add_frames(frames)
    feeder = Feeder(store, ["influx"], basin.code, Deliveries(basin), journal, Progress(head, {}, 0))
    feeder.step()
    assert cursor(journal) == GROUP_FIRST
    return feeder


def cursor(journal):
    return journal.cursors().get("influx", 0)


def numbers_in(requests):
    lines = [line for request in requests for line in request.lines]
    return sorted(int(number) for number in re.findall(rb"record_no=([0-9]+)i", b"\n".join(lines)))


def has_first_half(request):
    return GROUP_FIRST in numbers_in([request])


def has_second_half(request):
    return MIDDLE in numbers_in([request])


def test_both_halves_are_under_way_at_the_same_time(feeder, journal, proxy):
    both_are_here = Barrier(2)

    def meet(_request):
        both_are_here.wait(LIMIT_S)

    proxy.rule = meet
    feeder.step()
    assert cursor(journal) == FRAMES
    assert numbers_in(proxy.requests) == list(range(FRAMES))


def test_a_first_half_that_is_not_taken_holds_the_cursor_though_the_second_is(feeder, journal, proxy):
    proxy.rule = lambda request: AGAIN_AT_ONCE if has_first_half(request) else None
    feeder.step()
    assert cursor(journal) == GROUP_FIRST
    proxy.rule = lambda _: None
    while feeder.step() is not None:
        pass
    assert cursor(journal) == FRAMES
    assert len(proxy.taken) == 2 * FRAMES, "what is written again is the same lines"


def test_a_second_half_that_is_not_taken_leaves_the_first_half_passed(feeder, journal, proxy):
    proxy.rule = lambda request: AGAIN_AT_ONCE if has_second_half(request) else None
    feeder.step()
    assert cursor(journal) == MIDDLE
    proxy.rule = lambda _: None
    proxy.requests.clear()
    while feeder.step() is not None:
        pass
    assert cursor(journal) == FRAMES
    assert numbers_in(proxy.requests) == list(range(MIDDLE, FRAMES)), "the first half is not written again"


def test_a_record_refused_in_either_half_is_a_dead_letter_and_no_other_is(feeder, journal, proxy):
    refused = [GROUP_FIRST + 3, FRAMES - 3]

    def refuse(request):
        return Answer(400, b"bad") if set(refused) & set(numbers_in([request])) else None

    proxy.rule = refuse
    feeder.step()
    assert cursor(journal) == FRAMES
    assert [letter.record_no for letter in journal.dead_letters()] == refused


def test_a_feeder_told_to_stop_ends_with_both_halves_and_passes_them(feeder, journal, proxy):
    hanging, let_go = Barrier(3), Event()

    def hang(_request):
        hanging.wait(LIMIT_S)
        let_go.wait(LIMIT_S)

    proxy.rule = hang
    feeder.start()
    hanging.wait(LIMIT_S)
    feeder.stop()
    let_go.set()
    assert feeder.join(LIMIT_S)
    assert cursor(journal) == FRAMES
