"""Which records a gateway takes charge of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.windows import SAME_INSTANT, TIME_NOT_RISING, Run, Window, Windows

STEP = 900_000


def times(first_no: int, count: int, start_ms: int = 0) -> list[int]:
    return [start_ms + (first_no + index) * STEP for index in range(count)]


def test_a_record_is_admitted_once():
    windows = Windows()
    assert windows.admit("upper", 7, 0, times(0, 4)).fresh == (0, 1, 2, 3)
    again = windows.admit("upper", 7, 2, times(2, 4))
    assert (again.fresh, again.duplicates, again.dead) == ((2, 3), 2, [])


def test_records_that_come_newest_first_are_one_run_once_the_older_ones_are_there():
    windows = Windows()
    for first_no in (90, 30, 60, 0):
        assert len(windows.admit("upper", 7, first_no, times(first_no, 30)).fresh) == 30
    assert windows.window("upper", 7).runs == [Run(0, 119, 0, STEP)]


@pytest.mark.parametrize(
    ("record_no", "at_ms", "reason"),
    [
        (20, 9 * STEP, SAME_INSTANT),
        (20, 9 * STEP - 1, TIME_NOT_RISING),
        (20, 30 * STEP, SAME_INSTANT),
        (20, 30 * STEP + 1, TIME_NOT_RISING),
    ],
    ids=[
        "the instant of an earlier record",
        "before an earlier one",
        "the instant of a later one",
        "after a later one",
    ],
)
def test_within_a_log_the_time_rises_with_the_record_number(record_no, at_ms, reason):
    windows = Windows()
    windows.admit("upper", 7, 0, times(0, 10))
    windows.admit("upper", 7, 30, times(30, 10))
    assert windows.admit("upper", 7, record_no, [at_ms]).dead == [(0, reason)]


def test_a_dead_record_is_a_duplicate_when_it_comes_again():
    windows = Windows()
    windows.admit("upper", 7, 0, times(0, 10))
    assert windows.admit("upper", 7, 10, [5]).dead
    assert windows.admit("upper", 7, 10, [5]).duplicates == 1


def test_a_dead_record_does_not_hold_back_those_after_it():
    windows = Windows()
    windows.admit("upper", 7, 0, times(0, 10))
    windows.admit("upper", 7, 10, [5])
    assert windows.admit("upper", 7, 11, times(11, 2)).fresh == (0, 1)


def test_a_forgotten_dead_record_can_be_admitted():
    windows = Windows()
    windows.admit("upper", 7, 0, times(0, 10))
    windows.admit("upper", 7, 10, [5])
    windows.forget("upper", 7, 10)
    assert windows.admit("upper", 7, 10, times(10, 1)).fresh == (0,)


def test_a_living_record_cannot_be_forgotten():
    windows = Windows()
    windows.admit("upper", 7, 0, times(0, 10))
    with pytest.raises(ValueError, match="record 3 is not held as dead"):
        windows.forget("upper", 7, 3)


def test_an_instant_that_another_log_of_the_station_has_is_dead():
    windows = Windows()
    windows.admit("upper", 7, 0, times(0, 10))
    assert windows.admit("upper", 8, 0, [2 * STEP, 2 * STEP + 1]).dead == [(0, SAME_INSTANT)]


def test_another_station_may_have_the_same_instants_and_names():
    windows = Windows()
    windows.admit("upper", 7, 0, times(0, 10))
    assert len(windows.admit("lower", 7, 0, times(0, 10)).fresh) == 10


batches = st.lists(
    st.tuples(
        st.sampled_from([7, 8]),
        st.integers(0, 12),
        st.lists(st.integers(1, 3), min_size=1, max_size=5),
        st.integers(0, 12),
    ),
    max_size=12,
)


@given(batches)
def test_any_batches_in_any_order_are_admitted_as_a_plain_dictionary_would(sequence):
    windows = Windows()
    kept: dict[tuple[int, int], int | None] = {}
    runs: dict[tuple[str, int, int], Run] = {}
    for log_id, first_no, steps, start in sequence:
        times_ms = [start + sum(steps[: index + 1]) for index in range(len(steps))]
        has_objection = windows.has_objection("upper", log_id, first_no, times_ms)
        assert windows.take_changes() == []
        admission = windows.admit("upper", log_id, first_no, times_ms)
        assert has_objection == bool(admission.dead)
        duplicates, fresh, dead = 0, [], []
        for index, at_ms in enumerate(times_ms):
            name = (log_id, first_no + index)
            if name in kept:
                duplicates += 1
                continue
            is_rising = all(
                (other < at_ms) == (no < name[1])
                for (log, no), other in kept.items()
                if log == log_id and other is not None
            )
            is_new = at_ms not in kept.values()
            (fresh if is_rising and is_new else dead).append(index)
            kept[name] = at_ms if is_rising and is_new else None
        assert (admission.duplicates, admission.fresh, [index for index, _ in admission.dead]) == (
            duplicates,
            tuple(fresh),
            dead,
        )
        for station, log, first, run in windows.take_changes():
            runs.pop((station, log, first), None)
            if run is not None:
                runs[(station, log, first)] = Run(run.first_no, run.last_no, run.first_ms, run.step_ms)
        for log in {log for _, log, _ in runs}:
            saved = Window(run for (_, its_log, _), run in runs.items() if its_log == log)
            assert saved.runs == windows.window("upper", log).runs


def test_runs_at_unequal_steps_stay_apart():
    windows = Windows()
    windows.admit("upper", 7, 0, [0, 10])
    windows.admit("upper", 7, 3, [25, 35])
    windows.admit("upper", 7, 2, [20])
    assert windows.window("upper", 7).runs == [Run(0, 2, 0, 10), Run(3, 4, 25, 10)]
    assert windows.admit("upper", 8, 0, [5, 20]).dead == [(1, SAME_INSTANT)]
