"""A flash flood at stations that sample by a fixed schedule and by a trigger: who tells of it when, and with what.

The highest flood of the data beside the checkout, or a synthetic one; `make bench` runs more of them.
"""

import pytest

from tests.benchmarks.floods import HOUR_MS, describe, flash_floods, hear_floods

SAMPLE_EVERY_S = 300


@pytest.fixture(scope="module")
def heard(part, tmp_path_factory):
    """Return what was heard by schedule; that every scheduled record was stored once is seen to on the way."""
    part("micropython")
    part("mosquitto")
    found = hear_floods(tmp_path_factory.mktemp("floods"), flash_floods()[:1], HOUR_MS)
    for each in found:
        print(describe(each))
    return {each.schedule: each for each in found}


def test_a_trigger_tells_of_a_flood_no_later_than_a_fixed_schedule_of_the_same_intervals(heard):
    assert heard["adaptive"].after_rise_s <= heard["fixed"].after_rise_s


def test_with_a_quarter_of_the_messages_the_first_one_holds_the_rise_from_before_the_trigger(heard):
    seldom, fixed = heard["adaptive-hourly"], heard["fixed"]
    assert (seldom.quiet_messages, fixed.quiet_messages) == (1, 4)
    assert seldom.of_the_rise >= 2 and fixed.of_the_rise == 0, "records of the rise from before the newest"
    assert seldom.after_rise_s <= fixed.after_rise_s + SAMPLE_EVERY_S
