"""The halves of a piece of work are done at the same time, and what becomes of either is told."""

from threading import Barrier, current_thread

import pytest

from gateway.side_by_side import halves, side_by_side

LIMIT_S = 10.0


@pytest.mark.parametrize(
    ("items", "parts"),
    [([1, 2, 3, 4], [[1, 2], [3, 4]]), ([1, 2, 3], [[1], [2, 3]]), ([1], [[], [1]])],
    ids=["even", "odd", "one"],
)
def test_halves_are_all_of_it_in_order(items, parts):
    assert halves(items) == parts


def test_parts_are_under_way_at_the_same_time_and_their_results_keep_the_order():
    both_are_here = Barrier(2)

    def work(part):
        both_are_here.wait(LIMIT_S)
        return part * 10

    assert side_by_side(work, [1, 2]) == [10, 20]


def test_a_single_part_is_done_in_the_thread_that_asks():
    assert side_by_side(lambda _: current_thread(), ["only"]) == [current_thread()]


def test_no_thread_of_it_holds_the_end_of_the_process_back():
    _, other = side_by_side(lambda _: current_thread(), [1, 2])
    assert other is not current_thread() and other.daemon


@pytest.mark.parametrize("failing", [1, 2], ids=["first", "second"])
def test_what_a_part_raises_is_raised(failing):
    def work(part):
        if part == failing:
            raise LookupError(part)

    with pytest.raises(LookupError, match=str(failing)):
        side_by_side(work, [1, 2])
