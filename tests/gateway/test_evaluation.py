"""Flags from observations that come in any order."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evaluation import Evaluation, end_removed
from gateway.observations import NOT_APPLICABLE, REMOVED, VALUE, WITHDRAWN
from gateway.series import Seen, in_order_of_time, pack, unpack
from protocol.quality import GOOD, MISSING
from rivergauge.basin import Threshold

STEP_MS = 900_000


def level(raise_value=1.0, clear_value=0.8, raise_after_s=0, clear_after_s=0, valid_to_ms=None):
    valid_to = None if valid_to_ms is None else datetime.fromtimestamp(valid_to_ms / 1000, UTC)
    begins = datetime(1960, 1, 1, tzinfo=UTC)
    return Threshold(
        "watch", "level", "stage_m", "above", raise_value, clear_value, raise_after_s, clear_after_s, "test", begins,
        valid_to,
    )  # fmt: skip


def seen(first, *values):
    """Return observations on the quarter hours from the `first` on; None is one without a value."""
    return [
        Seen((first + index) * STEP_MS, value, GOOD if value is not None else MISSING)
        for index, value in enumerate(values)
    ]


class Gauge:
    """One threshold with all it has seen, as the gateway keeps them; `told` has the last version of each flag."""

    def __init__(self, threshold):
        self.threshold = threshold
        self.evaluation = Evaluation("basin", "upper", threshold)
        self.kept = []
        self.told = {}

    def take(self, observations):
        """Return what has changed, as (first detected, state), in quarter hours."""
        is_late = any(self.evaluation.is_late(each) for each in observations)
        self.kept = in_order_of_time([*self.kept, *observations])
        changes = self.evaluation.evaluate_again(self.kept) if is_late else self.evaluation.follow(observations)
        self.told |= {flag.first_detected_at_ms: flag for flag in changes}
        self.restart(self.threshold)
        return [(flag.first_detected_at_ms // STEP_MS, flag.state) for flag in changes]

    def restart(self, threshold):
        kept = self.evaluation.to_json()
        self.evaluation = Evaluation("basin", "upper", threshold)
        self.evaluation.load(kept)

    def standing(self):
        """Return (state, cleared at, peak) of every flag that was not withdrawn."""
        return sorted(
            (flag.state, flag.cleared_at_ms or 0, flag.peak)
            for flag in self.told.values()
            if flag.cleared_by != WITHDRAWN
        )


def test_a_flood_that_is_only_in_the_backlog_is_raised_and_cleared():
    gauge = Gauge(level())
    gauge.take(seen(0, 0.5))
    assert gauge.take(seen(10, 0.5)) == []
    assert gauge.take(seen(1, 0.9, 1.5, 1.2, 0.7)) == [(2, "raised"), (2, "cleared")]
    (flag,) = gauge.told.values()
    assert (flag.first_detected_at_ms, flag.cleared_at_ms, flag.peak, flag.cleared_by) == (
        2 * STEP_MS, 4 * STEP_MS, 1.5, VALUE,
    )  # fmt: skip


def test_a_flag_told_keeps_its_name_when_the_backlog_shows_that_it_began_earlier():
    gauge = Gauge(level())
    gauge.take(seen(0, 0.5))
    assert gauge.take(seen(8, 1.2)) == [(8, "raised")]
    assert gauge.take(seen(5, 1.1, 1.9, 1.3)) == [(8, "raised")]
    assert gauge.told[8 * STEP_MS].peak == 1.9
    assert gauge.take(seen(9, 0.5)) == [(8, "cleared")]
    assert gauge.take(seen(1, 0.5, 0.5, 0.5, 0.5)) == []


def test_a_backlog_that_changes_nothing_tells_nothing():
    gauge = Gauge(level())
    gauge.take(seen(0, 1.2, 1.4))
    gauge.take(seen(6, 1.3))
    assert gauge.take(seen(2, 1.3, 1.3, 1.3, 1.3)) == []


def test_a_clearing_that_the_backlog_contradicts_is_taken_back():
    gauge = Gauge(level(clear_after_s=1800))
    gauge.take(seen(0, 1.2, 0.7))
    assert gauge.take(seen(4, 0.7)) == [(0, "cleared")]
    assert gauge.take(seen(2, 1.1, 0.7)) == [(0, "raised")]
    assert gauge.take(seen(5, 0.7)) == [(0, "cleared")]


def test_a_flag_that_the_backlog_shows_never_was_is_withdrawn():
    gauge = Gauge(level(raise_after_s=1800))
    gauge.take(seen(0, 1.1))
    assert gauge.take(seen(2, 1.1)) == [(0, "raised")]
    assert gauge.take(seen(1, 0.5)) == [(0, "cleared")]
    assert gauge.told[0].cleared_by == WITHDRAWN
    assert gauge.take(seen(3, 0.5)) == []


def test_two_flags_that_the_backlog_joins_are_one_and_the_other_is_withdrawn():
    gauge = Gauge(level(clear_after_s=900))
    gauge.take(seen(0, 1.2, 0.7))
    gauge.take(seen(3, 0.7, 1.3))
    assert gauge.standing() == [("cleared", 3 * STEP_MS, 1.2), ("raised", 0, 1.3)]
    gauge.take(seen(2, 1.1))
    assert gauge.standing() == [("raised", 0, 1.3)]


def test_a_flag_of_a_threshold_that_is_gone_is_cleared():
    gauge = Gauge(level())
    gauge.take(seen(0, 1.2, 1.1))
    (flag,) = end_removed(gauge.evaluation.to_json())
    assert (flag.first_detected_at_ms, flag.state, flag.cleared_at_ms, flag.cleared_by) == (
        0, "cleared", STEP_MS, REMOVED,
    )  # fmt: skip
    gauge.take(seen(2, 0.1))
    assert end_removed(gauge.evaluation.to_json()) == []


def test_a_flag_of_a_threshold_that_applies_no_longer_says_so():
    gauge = Gauge(level(valid_to_ms=2 * STEP_MS))
    gauge.take(seen(0, 1.2, 1.1))
    assert gauge.take(seen(2, 1.2)) == [(0, "cleared")]
    assert gauge.told[0].cleared_by == NOT_APPLICABLE


def test_a_threshold_that_was_changed_is_not_applied_to_what_was_evaluated_before():
    gauge = Gauge(level(raise_value=2.0))
    gauge.take(seen(0, 1.5, 0.5))
    gauge.take(seen(4, 0.5))
    gauge.restart(level(raise_value=1.0))
    assert not any(gauge.evaluation.is_late(each) for each in seen(2, 1.9))
    assert gauge.take(seen(5, 1.1)) == [(5, "raised")]


def test_a_flag_from_before_the_checkpoint_goes_on_after_it():
    gauge = Gauge(level())
    gauge.take(seen(0, 1.2, 1.1, 1.1))
    gauge.evaluation.move_checkpoint(seen(0, 1.2, 1.1))
    gauge.kept = seen(2, 1.1)
    assert gauge.take(seen(5, 1.1)) == []
    assert gauge.take(seen(3, 1.1)) == []
    assert gauge.take(seen(4, 0.1)) == [(0, "cleared"), (5, "raised")]


@given(
    st.lists(st.sampled_from([None, 0.5, 0.9, 1.1, 1.3]), min_size=1, max_size=14),
    st.randoms(use_true_random=False),
    st.sampled_from([0, 900, 1800]),
    st.sampled_from([0, 900, 1800]),
)
def test_in_whatever_order_they_come_the_same_flags_stand_in_the_end(values, random, raise_after_s, clear_after_s):
    threshold = level(raise_after_s=raise_after_s, clear_after_s=clear_after_s)
    in_order, shuffled = Gauge(threshold), Gauge(threshold)
    observations = seen(0, *values)
    in_order.take(observations)
    random.shuffle(observations)
    while observations:
        count = random.randint(1, 3)
        shuffled.take(in_order_of_time(observations[:count]))
        del observations[:count]
    assert shuffled.standing() == in_order.standing()


@pytest.mark.parametrize("values", [(), (0.5,), (0.5, None, 1.5)])
def test_what_was_seen_comes_back_as_it_was(values):
    assert list(unpack(pack(seen(3, *values)))) == seen(3, *values)
