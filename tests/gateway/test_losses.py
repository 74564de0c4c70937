"""Records that will never come, and those that a lost journal forgot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.entries import ELSEWHERE, LOST, OVERWRITTEN, WrittenOff
from gateway.losses import Losses
from gateway.ranges import between, joined, size, without
from gateway.windows import Run, Windows
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS, stage_batch


def instant(record_no):
    return START_MS + record_no * RECORD_EVERY_MS


class Station:
    """One log at a gateway; `stored` are the records that its store has, None a store that cannot be asked."""

    def __init__(self, stored=(), has_company=False):
        self.stored = stored
        self.asked = []
        self.windows = Windows()
        self.losses = Losses(self.windows, self.find, has_company=has_company)

    def find(self, station, log_id, first, last):
        assert (station, log_id) == ("upper", 7)
        self.asked.append((first, last))
        if self.stored is None:
            return None
        return [(number, instant(number)) for number in self.stored if first <= number <= last]

    def sends(self, first_no, count=1, **circumstances):
        """Return (first, last, why) of what was written off."""
        batch = stage_batch(first_no, [500] * count, **circumstances)
        entries = self.losses.account("upper", batch)
        self.windows.admit("upper", 7, first_no, batch.times_ms)
        return [(each.first_no, each.last_no, each.why) for each in entries]


def test_records_receipted_and_held_are_no_loss():
    station = Station()
    station.sends(0, 10)
    assert station.sends(10, receipted=10, oldest_held=10) == []


def test_records_receipted_that_no_one_has_are_lost_and_written_off_once():
    station = Station()
    assert station.sends(10, receipted=8, oldest_held=8) == [(1, 7, LOST)]
    assert station.sends(11, receipted=8, oldest_held=8) == []
    assert station.sends(12, receipted=12, oldest_held=12) == [(8, 9, LOST)]


def test_records_that_a_store_has_are_no_loss_and_are_duplicates_when_they_come_again():
    station = Station(stored=range(0, 8))
    assert station.sends(10, receipted=10, oldest_held=10) == [(8, 9, LOST)]
    assert station.windows.admit("upper", 7, 4, [instant(4)]).duplicates == 1


def test_what_another_gateway_may_have_receipted_is_counted_apart_and_looked_for_once():
    station = Station(stored=range(0, 6), has_company=True)
    assert station.sends(10, receipted=8, oldest_held=8) == [(6, 7, ELSEWHERE)]
    assert station.sends(11, receipted=8, oldest_held=8) == []
    assert station.sends(12, receipted=11, oldest_held=11) == [(8, 9, ELSEWHERE)]
    assert station.asked == [(1, 7), (8, 9)]
    assert station.sends(15, receipted=13, oldest_held=15) == [(13, 14, OVERWRITTEN)], "that is lost to all"


def test_a_store_that_cannot_be_asked_is_asked_again_with_the_next_batch():
    station = Station(stored=None)
    assert station.sends(10, receipted=10, oldest_held=10) == []
    station.stored = ()
    assert station.sends(11, receipted=10, oldest_held=10) == [(1, 9, LOST)]


def test_a_gap_that_is_told_is_overwritten_and_no_loss_after_receipt():
    station = Station()
    station.sends(0, 4)
    assert station.sends(10, gaps=[(4, 7)], oldest_held=8, receipted=4) == [(4, 7, OVERWRITTEN)]
    assert station.sends(11, gaps=[(4, 7)], oldest_held=8, receipted=8) == []


def test_what_the_station_no_longer_holds_and_was_not_receipted_is_overwritten():
    station = Station()
    station.sends(0, 4)
    assert station.sends(10, oldest_held=8, receipted=4) == [(4, 7, OVERWRITTEN)]


def test_records_on_their_way_newest_first_are_no_loss():
    station = Station()
    station.sends(0, 4)
    assert station.sends(20, oldest_held=4, receipted=4) == []
    assert station.sends(4, 16, oldest_held=4, receipted=4) == []
    assert station.sends(21, oldest_held=21, receipted=21) == []


def test_what_was_written_off_is_not_again_after_a_restart():
    losses = Losses(Windows(), lambda *_: [], [("upper", 7)], [WrittenOff("upper", 7, 1, 7, LOST)])
    assert losses.account("upper", stage_batch(8, [500], receipted=8, oldest_held=8)) == []
    assert losses.begin("upper", 7) is None


def test_a_queue_that_was_formatted_anew_is_recognised():
    losses = Losses(Windows(), lambda *_: [])
    assert [losses.begin("upper", log_id) for log_id in (7, 7, 8, 7)] == [False, None, True, None]
    assert losses.begin("lower", 9) is False


@pytest.mark.parametrize(
    ("ranges", "taken", "left"),
    [
        ([(0, 9)], [], [(0, 9)]),
        ([(0, 9)], [(0, 9)], []),
        ([(0, 9)], [(3, 4), (7, 20)], [(0, 2), (5, 6)]),
        ([(0, 4), (4, 9)], [(2, 2)], [(0, 1), (3, 9)]),
    ],
)
def test_ranges_without_others(ranges, taken, left):
    assert without(ranges, taken) == left
    assert size(left) == sum(size([each]) for each in left)


number_ranges = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)).map(lambda each: (each[0], sum(each))))


def numbers(ranges):
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(number_ranges, number_ranges, st.integers(0, 40), st.integers(0, 40))
def test_ranges_are_what_sets_of_numbers_are(ranges, taken, first, last):
    assert numbers(without(ranges, taken)) == numbers(ranges) - numbers(taken)
    assert without(ranges, taken) == joined(without(ranges, taken))
    asked = set(range(first, last + 1))
    assert numbers(between(joined(ranges), first, last)) & asked == numbers(ranges) & asked


def test_a_station_that_leaves_out_every_other_number_keeps_nobody_waiting():
    # With a look at all gaps for each of them this took six minutes, in which no station was heard.
    count = 16_000
    station = Station()
    station.windows.load("upper", 7, [Run(2 * index, 2 * index, instant(2 * index)) for index in range(count)])
    assert len(station.sends(2 * count, receipted=2 * count, oldest_held=2 * count)) == count
    assert station.sends(2 * count + 1, receipted=2 * count + 1, oldest_held=2 * count + 1) == []


def test_ranges_that_touch_are_joined():
    assert joined([(5, 9), (0, 2), (3, 3)]) == [(0, 3), (5, 9)]


def test_records_that_come_with_the_batch_are_no_loss():
    assert Station().sends(8, 4, receipted=10, oldest_held=10) == [(1, 7, LOST)]


def test_the_first_batch_of_a_log_that_begins_at_1_is_no_loss():
    assert Station().sends(1, 4, receipted=1, oldest_held=1) == []
